import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Purpose } from '#src/domains/accounts/link.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

type Options = { ends?: string; address?: string; mail?: string }

/** The token of a link as if it had been sent. @param options `ends` is an SQL interval from now */
export async function linkFor(
  person: Pick<Person, 'accountId' | 'email'>,
  purpose: Exclude<Purpose, 'register'>,
  { ends = '1 hour', address = person.email, mail = randomUUID() }: Options = {},
): Promise<string> {
  const token = newToken()
  await owner
    .insertInto('account_tokens')
    .values({
      account_id: person.accountId,
      purpose,
      new_email: purpose === 'change_email' || purpose === 'undo_email' ? address : null,
      mail_id: mail,
      token_hash: tokenHash(token),
      expires_at: sql<string>`now() + ${ends}::interval`,
    })
    .execute()
  return token
}

/** The mails about an account that wait to be sent, the newest last. */
export async function mailsTo(address: string): Promise<{ id: string; template: string }[]> {
  const found = owner.selectFrom('mails').where('recipient', '=', address).orderBy('created_at').orderBy('id')
  return found.select(['id', 'template']).execute()
}

/** What is kept of an account. */
export const accountOf = (person: Pick<Person, 'accountId'>) =>
  owner.selectFrom('accounts').where('id', '=', person.accountId).selectAll().executeTakeFirstOrThrow()

/** Which events of an account the installation has, the oldest first. */
export async function securityEvents(person: Pick<Person, 'accountId'>): Promise<string[]> {
  const found = owner.selectFrom('security_events').where('account_id', '=', person.accountId)
  return (await found.select('action').orderBy('id').execute()).map(({ action }) => action)
}
