import { sql } from 'kysely'
import { expect } from 'vitest'
import type { DB } from '#src/db/types.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  openSession,
  permissionOf,
  sessionOf,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

/** Somebody with a right for all rows, in an organization of their own, and what happens to them in the middle. */
export type Turn = {
  name: string
  /** @param right `model:action` */
  who: (right: string) => Promise<Person>
  happens: (person: Person, right: string) => Promise<unknown>
}

const now = sql<string>`now()`
const set = (table: keyof DB & string, id: string, change: object) =>
  owner
    .updateTable(table as 'users')
    .set(change)
    .where('id', '=', id)
    .execute()
const rolesOf = ({ id }: Person) => owner.selectFrom('user_roles').where('user_id', '=', id).select('role_id')
const inTurn = async (right: string, scope = 'all', options = {}) =>
  personWith(await makeOrganization(), [`${right}:${scope}`], options)
const byKey = async (right: string) => withKey(await inTurn(right), [`${right}:all`])
const inGroup = async (right: string) => {
  const org = await makeOrganization()
  return personWith(org, [`${right}:group`], { groups: [await makeGroup(org)] })
}
const keyOf = (person: Person) => (person as Person & { key: string }).key

/** What ends the work. */
export const losses: readonly Turn[] = [
  { name: 'disabled', who: inTurn, happens: ({ id }) => set('users', id, { status: 'disabled' }) },
  { name: 'deleted', who: inTurn, happens: ({ id }) => set('users', id, { deleted_at: now }) },
  {
    name: 'without their account',
    who: inTurn,
    happens: ({ accountId }) => set('accounts', accountId, { status: 'disabled' }),
  },
  {
    name: 'signed out',
    who: inTurn,
    happens: async ({ token }) => set('sessions', await sessionOf(token), { revoked_at: now }),
  },
  {
    name: 'of a suspended organization',
    who: inTurn,
    happens: ({ org }) => set('organizations', org.id, { status: 'suspended' }),
  },
  {
    name: 'without the role',
    who: inTurn,
    happens: ({ id }) => owner.deleteFrom('user_roles').where('user_id', '=', id).execute(),
  },
  {
    name: 'at the end of an assignment',
    who: inTurn,
    happens: ({ id }) =>
      owner.updateTable('user_roles').set({ expires_at: now }).where('user_id', '=', id).execute(),
  },
  {
    name: 'of a role without the permission',
    who: inTurn,
    happens: (person) =>
      owner.deleteFrom('role_permissions').where('role_id', 'in', rolesOf(person)).execute(),
  },
  {
    name: 'of a disabled role',
    who: inTurn,
    happens: (person) =>
      owner.updateTable('roles').set({ status: 'disabled' }).where('id', 'in', rolesOf(person)).execute(),
  },
  {
    name: 'of a permission that is switched off',
    who: inTurn,
    happens: ({ org }, right) =>
      set('permissions', permissionOf(org, `${right}:all`), { status: 'disabled' }),
  },
  {
    name: 'out of the group',
    who: inGroup,
    happens: ({ id }) => owner.deleteFrom('group_members').where('user_id', '=', id).execute(),
  },
  { name: 'by a revoked key', who: byKey, happens: (by) => set('api_keys', keyOf(by), { revoked_at: now }) },
  {
    name: 'by a key that ended',
    who: byKey,
    happens: (by) => set('api_keys', keyOf(by), { expires_at: now }),
  },
  {
    name: 'by a key for elsewhere',
    who: byKey,
    happens: (by) => set('api_keys', keyOf(by), { allowed_addresses: ['10.0.0.0/8'] }),
  },
  {
    name: 'by a key whose owner lost the right',
    who: byKey,
    happens: ({ id }) => owner.deleteFrom('user_roles').where('user_id', '=', id).execute(),
  },
]

/** What the work goes on after. */
export const others: readonly Turn[] = [
  { name: 'left alone', who: inTurn, happens: async () => {} },
  { name: 'left alone, by a key', who: byKey, happens: async () => {} },
  {
    name: 'without another right',
    who: async (right) => {
      const org = await makeOrganization()
      return personWith(org, [`${right}:all`], {
        roles: [await makeRole(org, { permissions: ['memo:read:all'] })],
      })
    },
    happens: async (person) => {
      const { rows } = await sql`
        delete from role_permissions where permission_id = ${permissionOf(person.org, 'memo:read:all')}
          and role_id in (${rolesOf(person)}) returning role_id`.execute(owner)
      expect(rows).toHaveLength(1)
    },
  },
  {
    name: 'with more',
    who: inGroup,
    happens: async ({ org, id }, right) =>
      assign(org, id, await makeRole(org, { permissions: [`${right}:all`, 'user:read:all'] })),
  },
  {
    name: 'out of a group, with a right to all',
    who: async (right) => {
      const org = await makeOrganization()
      return personWith(org, [`${right}:all`], { groups: [await makeGroup(org)] })
    },
    happens: ({ id }) => owner.deleteFrom('group_members').where('user_id', '=', id).execute(),
  },
  {
    name: 'signed out elsewhere',
    who: inTurn,
    happens: async (person) =>
      set('sessions', await sessionOf(await openSession(person, 'token')), { revoked_at: now }),
  },
  {
    name: 'whose colleague is disabled',
    who: inTurn,
    happens: async ({ org }) => set('users', (await makeUser(org)).id, { status: 'disabled' }),
  },
]

/** Something that others wait for in the database until it is let go. */
export type Barrier = { reached(): Promise<void>; letGo(): Promise<void> }

/** A transaction that holds what `take` locks. */
export async function barrier(take: (tx: typeof owner) => Promise<unknown>): Promise<Barrier> {
  const tx = await owner.startTransaction().execute()
  await take(tx)
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
  const waiting = sql<{ n: number }>`
    select count(*)::int as n from pg_stat_activity where ${rows[0]?.pid}::int = any(pg_blocking_pids(pid))`
  return {
    reached: () =>
      expect
        .poll(async () => (await waiting.execute(owner)).rows[0]?.n, { timeout: 20_000, interval: 10 })
        .toBeGreaterThan(0),
    letGo: () => tx.rollback().execute(),
  }
}

/** Whoever makes a licence with this code waits. */
export const atCode = ({ id }: { id: string }, code: string) =>
  barrier((tx) =>
    sql`insert into licences (org_id, code, seats, expires, contact)
      values (${id}, ${code}, 1, '2030-01-01', 'b@example.com')`.execute(tx),
  )

/** Whoever changes this row waits. */
export const atRow = (table: string, id: string) =>
  barrier((tx) => sql`select from ${sql.table(table)} where id = ${id} for update`.execute(tx))
