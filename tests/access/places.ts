import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { DB } from '#src/db/types.ts'
import { random } from '#src/domains/users/fictional.ts'
import type { Action, Place, Scope } from '#tests/access/reference.ts'

const ACTIONS: Action[] = ['read', 'update', 'delete']
const SCOPES: Scope[] = ['all', 'group', 'own']

/** An organization by chance, the same for the same seed. User 0 is the one who asks. */
export function randomPlace(seed: number): Place {
  const next = random(seed)
  const chance = (probability: number) => next() < probability
  const below = (count: number) => Math.floor(next() * count)
  const some = <T>(from: number, to: number, make: (index: number) => T): T[] =>
    Array.from({ length: from + below(to - from + 1) }, (_, index) => make(index))
  const maybe = (probability: number, count: number) =>
    chance(probability) && count > 0 ? below(count) : null
  const distinct = <T>(list: T[], key: (one: T) => string) => [
    ...new Map(list.map((one) => [key(one), one])).values(),
  ]

  const groups = some(2, 6, (index) => ({ parent: maybe(0.7, index), deleted: chance(0.08) }))
  const count = 5 + below(4)
  const users = Array.from({ length: count }, (_, index) => ({
    status: chance(index === 0 ? 0.96 : 0.7) ? 'active' : chance(0.5) ? 'invited' : 'disabled',
    deleted: chance(index === 0 ? 0.03 : 0.12),
    ownerUser: maybe(0.15, count),
    ownerGroup: maybe(0.15, groups.length),
  }))
  const membership = (user: number) => ({
    user,
    group: below(groups.length),
    role: (['lead', 'member', 'viewer'] as const)[below(3)] ?? 'member',
  })
  const members = distinct(
    [...some(0, 3, () => membership(0)), ...some(2, 10, () => membership(below(count)))],
    ({ user, group }) => `${user} ${group}`,
  )
  // group and own more often than all, which leaves little to decide
  const ofModel = (model: 'user' | 'group', actions: Action[]) =>
    actions.flatMap((action) => SCOPES.map((scope) => ({ model, action, scope, disabled: chance(0.08) })))
  const permissions = [...ofModel('user', ACTIONS), ...ofModel('group', ['read'])]
  const permission = () => (chance(0.12) ? below(4) * 3 : below(4) * 3 + 1 + below(2))
  const roles = some(2, 5, (index) => ({
    disabled: chance(0.1),
    deleted: chance(0.05),
    permissions: [...new Set(some(0, 4, permission))],
    parents: index ? [...new Set(some(0, 2, () => below(index)))] : [],
  }))
  const assignment = (user: number) => ({ user, role: below(roles.length), expired: chance(0.12) })
  const assignments = distinct(
    [...some(1, 3, () => assignment(0)), ...some(0, 4, () => assignment(below(count)))],
    ({ user, role }) => `${user} ${role}`,
  )
  return { users, groups, members, permissions, roles, assignments }
}

/** A place as it stands in the database. */
export type Built = { place: Place; org: string; users: string[]; token: string }

type Row = Record<string, unknown>

/** Puts places into the database with a statement a table, whatever their number. */
export async function build(owner: Kysely<DB>, places: readonly Place[]): Promise<Built[]> {
  const rows = new Map<string, Row[]>()
  const add = (table: string, row: Row) => {
    const list = rows.get(table) ?? []
    rows.set(table, list)
    list.push(row)
  }
  const built = places.map((place) => outline(place, add))
  await owner.transaction().execute(async (tx) => {
    for (const [table, columns] of Object.entries(TABLES))
      await insert(tx, table, columns, rows.get(table) ?? [])
  })
  return built
}

function outline(place: Place, add: (table: string, row: Row) => void): Built {
  const org_id = randomUUID()
  const token = randomBytes(32).toString('base64url')
  const ids = (list: readonly unknown[]) => list.map(() => randomUUID() as string)
  const [users, groups, roles, permissions] = [place.users, place.groups, place.roles, place.permissions].map(
    ids,
  )
  const at = (list: string[] | undefined, index: number | null) => (index === null ? null : list?.[index])
  const accounts = ids(place.users)
  const name = `place-${org_id}`
  const gone = (deleted: boolean) => (deleted ? '2026-01-01T00:00:00Z' : null)
  const state = (disabled: boolean) => (disabled ? 'disabled' : 'active')

  add('organizations', { id: org_id, name, slug: name })
  for (const [i, id] of accounts.entries())
    add('accounts', { id, username: `${name}-${i}`, email: `${name}-${i}@example.com` })
  for (const [i, { parent, deleted }] of place.groups.entries())
    add('groups', {
      org_id,
      id: at(groups, i),
      kind: 'team',
      name: `g${i}`,
      parent_id: at(groups, parent),
      deleted_at: gone(deleted),
    })
  for (const [i, { status, deleted, ownerUser, ownerGroup }] of place.users.entries())
    add('users', {
      org_id,
      id: at(users, i),
      account_id: at(accounts, i),
      username: `u${i}`,
      email: `u${i}@example.com`,
      status,
      deleted_at: gone(deleted),
      owner_user_id: at(users, ownerUser),
      owner_group_id: at(groups, ownerGroup),
    })
  for (const { user, group, role } of place.members)
    add('group_members', { org_id, user_id: at(users, user), group_id: at(groups, group), role })
  for (const [i, { model, action, scope, disabled }] of place.permissions.entries())
    add('permissions', {
      org_id,
      id: at(permissions, i),
      model,
      action,
      scope,
      status: state(disabled),
    })
  for (const [i, { disabled, deleted, permissions: held, parents }] of place.roles.entries()) {
    const role_id = at(roles, i)
    add('roles', { org_id, id: role_id, name: `r${i}`, status: state(disabled), deleted_at: gone(deleted) })
    for (const one of held) add('role_permissions', { org_id, role_id, permission_id: at(permissions, one) })
    for (const one of parents) add('role_parents', { org_id, role_id, parent_id: at(roles, one) })
  }
  for (const { user, role, expired } of place.assignments)
    add('user_roles', {
      org_id,
      user_id: at(users, user),
      role_id: at(roles, role),
      expires_at: expired ? gone(true) : null,
    })
  const token_hash = `\\x${createHash('sha256').update(token).digest('hex')}`
  const long = { idle_timeout: '1 day', expires_at: '2100-01-01T00:00:00Z' }
  add('sessions', {
    org_id,
    account_id: at(accounts, 0),
    user_id: at(users, 0),
    kind: 'token',
    token_hash,
    ...long,
  })
  return { place, org: org_id, users: users ?? [], token }
}

// in the order of their references
const TABLES: Record<string, string> = {
  organizations: 'id uuid, name text, slug text',
  accounts: 'id uuid, username text, email text',
  groups: 'org_id uuid, id uuid, kind text, name text, parent_id uuid, deleted_at timestamptz',
  users:
    'org_id uuid, id uuid, account_id uuid, username text, email text, status text, deleted_at timestamptz, owner_user_id uuid, owner_group_id uuid',
  group_members: 'org_id uuid, user_id uuid, group_id uuid, role text',
  permissions: 'org_id uuid, id uuid, model text, action text, scope text, status text',
  roles: 'org_id uuid, id uuid, name text, status text, deleted_at timestamptz',
  role_permissions: 'org_id uuid, role_id uuid, permission_id uuid',
  role_parents: 'org_id uuid, role_id uuid, parent_id uuid',
  user_roles: 'org_id uuid, user_id uuid, role_id uuid, expires_at timestamptz',
  sessions:
    'org_id uuid, account_id uuid, user_id uuid, kind text, token_hash bytea, idle_timeout interval, expires_at timestamptz',
}

async function insert(tx: Kysely<DB>, table: string, columns: string, rows: Row[]): Promise<void> {
  const names = columns.split(', ').map((column) => sql.ref(column.split(' ', 1)[0] as string))
  const typed: RawBuilder<unknown> = sql.raw(columns)
  await sql`insert into ${sql.table(table)} (${sql.join(names)})
    select ${sql.join(names)} from json_to_recordset(${JSON.stringify(rows)}::json) as given(${typed})`.execute(
    tx,
  )
}
