import { sql } from 'kysely'
import { newApiKey, prefixOf } from '#src/access/api-key.ts'
import { tokenHash } from '#src/platform/token.ts'
import { unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

type Key = {
  /** SQL interval from now. */
  ends?: string | null
  addresses?: readonly string[]
}

/** Somebody who acts by a key: the person, with its secret for a token. */
export type Keyed = Person & { key: string }

/** A key of somebody for these permissions, made past the rules. */
export async function withKey(
  person: Person,
  permissions: readonly string[],
  { ends = null, addresses = [] }: Key = {},
): Promise<Keyed> {
  const token = newApiKey()
  const { id } = await owner
    .insertInto('api_keys')
    .values({
      org_id: person.org.id,
      user_id: person.id,
      name: unique('key'),
      prefix: prefixOf(token),
      hash: tokenHash(token),
      permissions: [...permissions],
      allowed_addresses: [...addresses],
      expires_at: ends === null ? null : sql<string>`now() + ${ends}::interval`,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { ...person, token, key: id }
}

/** A service account with these roles. */
export async function serviceWith(
  person: Pick<Person, 'org'>,
  roles: readonly string[],
  groups: readonly string[] = [],
) {
  const username = unique('service')
  const { id } = await owner
    .insertInto('users')
    .values({ org_id: person.org.id, kind: 'service', username, email: '', status: 'active' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const org_id = person.org.id
  if (roles.length)
    await owner
      .insertInto('user_roles')
      .values(roles.map((role_id) => ({ org_id, user_id: id, role_id })))
      .execute()
  if (groups.length)
    await owner
      .insertInto('group_members')
      .values(groups.map((group_id) => ({ org_id, user_id: id, group_id, role: 'member' })))
      .execute()
  return { id, username }
}
