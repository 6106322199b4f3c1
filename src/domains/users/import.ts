import { basename } from 'node:path'
import { sql } from 'kysely'
import { asSystem } from '#src/access/system.ts'
import type { Database, Db } from '#src/db/database.ts'
import { Taken } from '#src/db/errors.ts'
import { type ImportError, readPeople } from '#src/domains/users/import-file.ts'
import { makeGroups, type Placed, placed, placesOf } from '#src/domains/users/import-places.ts'
import type { Row } from '#src/domains/users/import-row.ts'

export type ImportOptions = {
  /** Makes departments and teams that the file names and that are not there. */
  createGroups?: boolean
  /** Does everything, and takes it back. */
  dryRun?: boolean
}

/** With errors nothing was imported. */
export type Import = { imported: number; groups: string[]; errors: ImportError[] }

const AT_ONCE = 5000

/** Carries the outcome out of a transaction that shall not be kept. */
class TakenBack extends Error {
  readonly outcome: Import
  constructor(outcome: Import) {
    super('taken back')
    this.outcome = outcome
  }
}

/**
 * Imports people from a CSV file: all of them, in one transaction, or nobody. They get an account without a
 * password, managed by the organization, and are invited, as by `POST /users`.
 */
export async function importUsers(
  db: Database,
  orgId: string,
  file: string,
  options: ImportOptions = {},
): Promise<Import> {
  const { rows, errors } = await readPeople(file)
  if (!rows.length) return { imported: 0, groups: [], errors }
  const source = `import of ${basename(file)}`
  const run = () =>
    asSystem(db, orgId, source, (tx) => work(tx, rows, errors, source, options), { via: 'cli' })
  try {
    // somebody may take a name between look-up and write: the second look-up then says which
    return await run().catch((error) => (error instanceof Taken ? run() : Promise.reject(error)))
  } catch (error) {
    if (error instanceof TakenBack) return error.outcome
    throw error
  }
}

async function work(
  tx: Db,
  rows: Row[],
  before: ImportError[],
  source: string,
  options: ImportOptions,
): Promise<Import> {
  const groups = options.createGroups ? await makeGroups(tx, rows) : []
  const { list, errors } = placed(rows, await placesOf(tx, rows))
  const found = [...before, ...errors, ...(await taken(tx, rows))]
  if (found.length) {
    found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    throw new TakenBack({ imported: 0, groups: [], errors: found })
  }
  for (let start = 0; start < list.length; start += AT_ONCE)
    await write(tx, list.slice(start, start + AT_ONCE), source)
  const outcome = { imported: list.length, groups, errors: [] }
  if (options.dryRun) throw new TakenBack(outcome)
  return outcome
}

/** Names and addresses that somebody has: here, deleted here, or with an account elsewhere. */
async function taken(tx: Db, rows: readonly Row[]): Promise<ImportError[]> {
  const usernames = rows.flatMap(({ username }) => username ?? [])
  const emails = rows.flatMap(({ email }) => email ?? [])
  const here = await tx
    .selectFrom('users')
    .where((eb) =>
      eb.or([
        eb('username', '=', sql<string>`any(${usernames})`),
        eb('email', '=', sql<string>`any(${emails})`),
      ]),
    )
    .select(['username', 'email', sql<boolean>`deleted_at is not null`.as('deleted')])
    .execute()
  const accounts = await sql<{ names: { usernames: string[]; emails: string[] } }>`
    select app.names_taken(${usernames}, ${emails}) as names`.execute(tx)
  const names = accounts.rows[0]?.names ?? { usernames: [], emails: [] }
  const why = {
    username: new Map(
      names.usernames.map((name) => [name, 'is taken by an account outside this organization']),
    ),
    email: new Map(names.emails.map((name) => [name, 'has an account outside this organization'])),
  }
  const deleted = 'is that of somebody who was deleted here: restore them instead'
  for (const user of here) {
    for (const field of ['username', 'email'] as const) {
      if (!user.deleted) why[field].set(user[field], 'is taken in this organization')
      // a deleted person may have lost the account, and with it the name
      else if (why[field].get(user[field])?.endsWith('outside this organization'))
        why[field].set(user[field], deleted)
    }
  }
  return rows.flatMap((row) =>
    (['username', 'email'] as const).flatMap((field) => {
      const message = why[field].get(row[field] ?? '')
      return message ? [{ line: row.line, field, message }] : []
    }),
  )
}

async function write(tx: Db, list: readonly Placed[], source: string): Promise<void> {
  const people = JSON.stringify(
    list.map(({ row: { username, email, first_name, last_name } }) => ({
      username,
      email,
      first_name,
      last_name,
    })),
  )
  const users = await sql<{ n: number; id: string }>`
    with accounts as materialized (
      select id, n from jsonb_array_elements_text(app.create_accounts(${people}::jsonb)) with ordinality a(id, n)
    ), made as (
      insert into users (account_id, username, email, first_name, last_name, status)
      select a.id::uuid, p.person ->> 'username', p.person ->> 'email', p.person ->> 'first_name', p.person ->> 'last_name', 'invited'
      from accounts a join jsonb_array_elements(${people}::jsonb) with ordinality p(person, n) using (n)
      order by n
      returning id, account_id
    )
    select a.n, m.id from made m join accounts a on a.id::uuid = m.account_id order by a.n`.execute(tx)
  const idOf = new Map(users.rows.map(({ n, id }) => [Number(n) - 1, id]))
  const of = <T>(pairs: (one: Placed) => T[]) =>
    list.flatMap((one, index) => pairs(one).map((pair) => [idOf.get(index), pair] as const))
  const roles = of((one) => one.roles)
  if (roles.length) {
    await sql`insert into user_roles (user_id, role_id, reason)
      select user_id, role_id, ${source} from unnest(${roles.map(([user]) => user)}::uuid[], ${roles.map(([, role]) => role)}::uuid[])
        as r(user_id, role_id)`.execute(tx)
  }
  const groups = of((one) => [...one.groups])
  if (groups.length) {
    await sql`insert into group_members (user_id, group_id, role)
      select * from unnest(${groups.map(([user]) => user)}::uuid[], ${groups.map(([, [group]]) => group)}::uuid[],
        ${groups.map(([, [, role]]) => role)}::text[])`.execute(tx)
  }
}
