import { randomUUID } from 'node:crypto'
import { rightsFrom, UserActor } from '#src/access/actor.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { rights } = await testDatabase()

/** Somebody as a request of theirs would make them. */
export async function actorOf(person: Person): Promise<UserActor> {
  const identity = await rights.identify(person.token)
  if (!identity) throw new Error('nobody')
  return new UserActor(identity, { via: 'api', requestId: '00000000-0000-7000-8000-0000000000e5', ip: null })
}

/** Somebody in the organization who has these rights, whatever its tables say. */
export const actorWith = (
  org: string,
  userId: string,
  codes: string[],
  read: string[] = [],
  write: string[] = [],
) =>
  new UserActor(
    {
      sessionId: randomUUID(),
      sessionKind: 'token',
      accountId: randomUUID(),
      userId,
      username: 'auditor',
      name: 'Auditor',
      timeZone: null,
      locale: null,
      organization: { id: org, name: '', slug: '', kind: 'tenant' },
      home: null,
      elsewhere: false,
      impersonatorId: null,
      apiKey: null,
      missingFactor: null,
      rights: rightsFrom(codes, read, write),
    },
    { via: 'api', requestId: randomUUID(), ip: null },
  )
