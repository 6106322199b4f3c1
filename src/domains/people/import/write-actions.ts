import { sql } from 'kysely'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fold } from '#src/db/fold.ts'
import { fn } from '#src/db/functions.ts'
import type { PersonLine } from '#src/domains/people/import/model.ts'
import { groupsNamed, type Placed } from '#src/domains/people/import/queries.ts'

/** Who brings people from a file: stands at them, and at the roles that they get. */
export type Bringer = { userId: string | null; reason: string }

/**
 * Makes people with an account without a password, managed by the organization, and invited, as by `POST /users`.
 * @returns their ids, in their order
 */
export async function writePeople(
  tx: Tx,
  list: readonly Placed[],
  { userId, reason }: Bringer,
): Promise<string[]> {
  const people = JSON.stringify(
    list.map(({ row: { username, email, first_name, last_name, locale, time_zone } }) => ({
      username,
      email,
      first_name,
      last_name,
      locale,
      time_zone,
    })),
  )
  const users = await sql<{ n: number; id: string }>`
    with accounts as materialized (
      select id, n from jsonb_array_elements_text(${fn.create_accounts({ people })}) with ordinality a(id, n)
    ), made as (
      insert into users (account_id, username, email, first_name, last_name, locale, time_zone, status, created_by)
      select a.id::uuid, p.person ->> 'username', p.person ->> 'email', p.person ->> 'first_name', p.person ->> 'last_name',
        p.person ->> 'locale', p.person ->> 'time_zone', 'invited', ${userId}
      from accounts a join jsonb_array_elements(${people}::jsonb) with ordinality p(person, n) using (n)
      order by n
      returning id, account_id
    )
    select a.n, m.id from made m join accounts a on a.id::uuid = m.account_id order by a.n`.execute(tx)
  const ids = users.rows.map(({ id }) => id)
  const of = <T>(pairs: (one: Placed) => T[]) =>
    list.flatMap((one, index) => pairs(one).map((pair) => [ids[index], pair] as const))
  const roles = of((one) => [...one.roles])
  if (roles.length) {
    await sql`insert into user_roles (user_id, role_id, expires_at, granted_by, reason)
      select user_id, role_id, expires_at, ${userId}, ${reason}
      from unnest(${roles.map(([user]) => user)}::uuid[], ${roles.map(([, [role]]) => role)}::uuid[],
        ${roles.map(([, [, end]]) => end)}::timestamptz[]) as r(user_id, role_id, expires_at)`.execute(tx)
  }
  const groups = of((one) => [...one.groups])
  if (groups.length) {
    await sql`insert into group_members (user_id, group_id, role)
      select * from unnest(${groups.map(([user]) => user)}::uuid[], ${groups.map(([, [group]]) => group)}::uuid[],
        ${groups.map(([, [, role]]) => role)}::text[])`.execute(tx)
  }
  return ids
}

export type Where = 'here' | 'deleted' | 'elsewhere' | 'alike'

/**
 * Names and addresses that somebody has, each with where: here, deleted here, or with an account elsewhere; alike is a
 * name that reads like somebody's.
 */
export type TakenNames = Record<'username' | 'email', ReadonlyMap<string, Where>>

type Names = { usernames: string[]; alike: string[]; emails: string[] }

/** Looks for the names and addresses of some people. */
export async function namesTaken(
  tx: Tx,
  people: readonly { username: string | null; email: string | null }[],
): Promise<TakenNames> {
  const usernames = people.flatMap(({ username }) => username ?? [])
  const emails = people.flatMap(({ email }) => email ?? [])
  const { rows: here } = await sql<{ username: string; email: string; deleted: boolean }>`
    select u.username, u.email, u.deleted_at is not null as deleted from users u
    join unnest(${usernames}::text[]) as n(name) on n.name = u.username
    union
    select u.username, u.email, u.deleted_at is not null from users u
    join unnest(${emails}::text[]) as n(name) on n.name = u.email`.execute(tx)
  const names = await answer(tx, fn.names_taken<Names>({ usernames, emails }))
  const taken = {
    username: new Map<string, Where>([
      ...names.alike.map((name) => [name, 'alike'] as const),
      ...names.usernames.map((name) => [name, 'elsewhere'] as const),
    ]),
    email: new Map<string, Where>(names.emails.map((name) => [name, 'elsewhere'])),
  }
  for (const user of here) {
    for (const field of ['username', 'email'] as const) {
      if (!user.deleted) taken[field].set(user[field], 'here')
      // a deleted person may have lost the account, and with it the name
      else if (taken[field].get(user[field]) === 'elsewhere') taken[field].set(user[field], 'deleted')
    }
  }
  return taken
}

/**
 * Makes the departments and teams that the rows name and that are not there; a name without a kind becomes a
 * department. Warehouses and clients are more than a name, and so not for an import to make.
 */
export async function makeGroups(tx: Tx, rows: readonly PersonLine[]): Promise<string[]> {
  const names = rows.flatMap((row) => row.groups)
  // those with a kind first, so that the same name without one means them
  const made: string[] = []
  for (const named of [names.filter(({ kind }) => kind), names.filter(({ kind }) => !kind)]) {
    const known = await groupsNamed(tx, [...new Set(named.map(({ name }) => name))], sql`true`)
    const wanted = new Map<string, { kind: string; name: string }>()
    for (const { kind, name } of named) {
      const there = known.get(name)?.some((group) => !kind || group.kind === kind)
      const makes = kind ?? 'department'
      if (there || !['department', 'team'].includes(makes)) continue
      const key = `${makes}:${fold(name)}`
      if (!wanted.has(key)) wanted.set(key, { kind: makes, name })
    }
    if (!wanted.size) continue
    await tx
      .insertInto('groups')
      .values([...wanted.values()])
      .execute()
    made.push(...[...wanted.values()].map(({ kind, name }) => `${kind}:${name}`))
  }
  return made
}
