import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { random } from '#examples/fictional.ts'
import type { DB } from '#src/db/types.ts'
import type { Action, Model, Place, Scope } from '#tests/access/reference.ts'
import { insertAll, type Row } from '#tests/access/tables.ts'

const isBeneath = (model: Model) => ['shelf', 'parcel', 'parcel_document'].includes(model)

const ACTIONS: Action[] = ['read', 'update', 'delete', 'create']
const SCOPES: Scope[] = ['all', 'group', 'own']

/** An organization by chance, the same for the same seed. User 0 is the one who asks. */
export function randomPlace(seed: number, model: Model = 'user'): Place {
  const next = random(seed)
  const chance = (probability: number) => next() < probability
  const below = (count: number) => Math.floor(next() * count)
  const some = <T>(from: number, to: number, make: (index: number, length: number) => T): T[] => {
    const length = from + below(to - from + 1)
    return Array.from({ length }, (_, index) => make(index, length))
  }
  const maybe = (probability: number, count: number) =>
    chance(probability) && count > 0 ? below(count) : null
  const distinct = <T>(list: T[], key: (one: T) => string) => [
    ...new Map(list.map((one) => [key(one), one])).values(),
  ]

  const count = 5 + below(4)
  const groups = some(2, 6, (index, length) => ({
    parent: maybe(0.7, index),
    deleted: chance(0.08),
    ownerUser: maybe(0.15, count),
    ownerGroup: maybe(0.15, length),
  }))
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
    source: chance(0.15) ? 'scim' : 'manual',
    later: chance(0.1),
  })
  const members = distinct(
    [...some(0, 3, () => membership(0)), ...some(2, 10, () => membership(below(count)))],
    ({ user, group, source }) => `${user} ${group} ${source}`,
  )
  // group and own more often than all, which leaves little to decide
  const ofModel = (model: Model, actions: Action[]) =>
    actions.flatMap((action) => SCOPES.map((scope) => ({ model, action, scope, disabled: chance(0.08) })))
  const beside = model === 'group' ? 'user' : isBeneath(model) ? 'depot' : 'group'
  const permissions = [...ofModel(model, ACTIONS), ...ofModel(beside, ['read'])]
  // of roles and the like there is no other scope
  const wide = ['role', 'permission'].includes(model) ? 0.5 : 0.12
  const permission = () => below(ACTIONS.length + 1) * 3 + (chance(wide) ? 0 : 1 + below(2))
  const roles = some(2, 5, (index) => ({
    disabled: chance(0.1),
    deleted: chance(0.05),
    permissions: [...new Set(some(0, 4, permission))],
    parents: index ? [...new Set(some(0, 2, () => below(index)))] : [],
  }))
  const assignment = (user: number) => ({
    user,
    role: below(roles.length),
    source: chance(0.15) ? 'scim' : 'manual',
    expired: chance(0.12),
    later: chance(0.1),
  })
  const assignments = distinct(
    [...some(1, 3, () => assignment(0)), ...some(0, 4, () => assignment(below(count)))],
    ({ user, role, source }) => `${user} ${role} ${source}`,
  )
  const others = some(3, 8, () => ({
    deleted: model === 'invitation' && chance(0.2),
    // keys and sessions are always somebody's, and no group's
    ownerUser: model === 'invitation' ? maybe(0.5, count) : below(count),
    ownerGroup: model === 'invitation' ? maybe(0.5, groups.length) : null,
  }))
  const belonging = () => ({
    deleted: chance(0.15),
    ownerUser: maybe(0.4, count),
    ownerGroup: maybe(0.5, groups.length),
  })
  const depots = isBeneath(model) ? some(2, 4, belonging) : []
  const parcels =
    model === 'parcel' || model === 'parcel_document'
      ? some(3, 6, () => ({
          ...belonging(),
          above: below(depots.length),
          sender: maybe(0.4, groups.length),
        }))
      : []
  const parents = model === 'shelf' ? depots.length : parcels.length
  if (model === 'shelf' || model === 'parcel_document')
    for (const row of others)
      Object.assign(row, { above: below(parents), deleted: chance(0.2), ownerUser: null })
  // the session that asks
  if (model === 'session') others.unshift({ deleted: false, ownerUser: 0, ownerGroup: null })
  return { model, users, groups, members, permissions, roles, assignments, others, depots, parcels }
}

/** A place as it stands in the database. `rows` are the records of its model. */
export type Built = {
  place: Place
  org: string
  users: string[]
  rows: string[]
  depots: string[]
  token: string
}

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
    await insertAll(tx, rows)
    // groups and people name each other
    await sql`update groups g set owner_user_id = o.owner from json_to_recordset(${JSON.stringify(rows.get('groups'))}::json)
      as o(id uuid, owner uuid) where g.id = o.id and o.owner is not null`.execute(tx)
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
  const others = ids(place.others)
  const at = (list: string[] | undefined, index: number | null | undefined) => list?.[index ?? -1] ?? null
  const accounts = ids(place.users)
  const name = `place-${org_id}`
  const from = (later = false) => (later ? '2100-01-01T00:00:00Z' : null)
  const gone = (deleted = false) => (deleted ? '2026-01-01T00:00:00Z' : null)
  const state = (disabled: boolean) => (disabled ? 'disabled' : 'active')

  add('organizations', { id: org_id, name, slug: name })
  for (const [i, id] of accounts.entries())
    add('accounts', { id, username: `${name}-${i}`, email: `${name}-${i}@example.com` })
  for (const [i, { parent, deleted, ownerUser, ownerGroup }] of place.groups.entries())
    add('groups', {
      org_id,
      id: at(groups, i),
      kind: 'team',
      name: `g${i}`,
      parent_id: at(groups, parent),
      owner: at(users, ownerUser),
      owner_group_id: at(groups, ownerGroup),
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
  for (const { user, group, role, source = 'manual', later } of place.members)
    add('group_members', {
      org_id,
      user_id: at(users, user),
      group_id: at(groups, group),
      role,
      source,
      begins_at: from(later),
    })
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
  for (const { user, role, source = 'manual', expired, later } of place.assignments)
    add('user_roles', {
      org_id,
      user_id: at(users, user),
      role_id: at(roles, role),
      source,
      begins_at: from(later),
      expires_at: expired ? gone(true) : null,
    })
  const depots = ids(place.depots)
  const parcels = ids(place.parcels)
  for (const [i, { deleted, ownerUser, ownerGroup }] of place.depots.entries())
    add('depots', {
      org_id,
      id: depots[i],
      name: `d${i}`,
      owner_user_id: at(users, ownerUser),
      owner_group_id: at(groups, ownerGroup),
      deleted_at: gone(deleted),
    })
  for (const [i, { deleted, ownerUser, ownerGroup, above, sender }] of place.parcels.entries())
    add('parcels', {
      org_id,
      id: parcels[i],
      name: `p${i}`,
      depot_id: at(depots, above),
      sender_group_id: at(groups, sender),
      owner_user_id: at(users, ownerUser),
      owner_group_id: at(groups, ownerGroup),
      deleted_at: gone(deleted),
    })
  for (const [i, { deleted, above }] of place.others.entries()) {
    const row = { org_id, id: others[i], name: `o${i}`, deleted_at: gone(deleted) }
    if (place.model === 'shelf') add('shelves', { ...row, depot_id: at(depots, above) })
    if (place.model === 'parcel_document') add('parcel_documents', { ...row, parcel_id: at(parcels, above) })
  }
  const hash = (secret: string) => `\\x${createHash('sha256').update(secret).digest('hex')}`
  const session = (user: number, secret: string, id: string = randomUUID()) =>
    add('sessions', {
      org_id,
      id,
      account_id: accounts[user],
      user_id: at(users, user),
      kind: 'token',
      token_hash: hash(secret),
      idle_timeout: '1 day',
      expires_at: '2100-01-01T00:00:00Z',
    })
  if (place.model !== 'session') session(0, token)
  for (const [i, { deleted, ownerUser, ownerGroup }] of place.others.entries()) {
    const id = others[i] as string
    if (place.model === 'session') session(ownerUser ?? 0, i === 0 ? token : id, id)
    if (place.model === 'api_key')
      add('api_keys', {
        org_id,
        id,
        user_id: at(users, ownerUser),
        name: `k${i}`,
        prefix: `k${i}`,
        hash: hash(id),
        permissions: [],
      })
    // by turns the columns that each have
    if (place.model === 'invitation')
      add('invitations', {
        org_id,
        id,
        email: `i${i}@example.com`,
        role_ids: [],
        mail_id: randomUUID(),
        [i % 2 ? 'invited_by' : 'owner_user_id']: at(users, ownerUser),
        [i % 2 ? 'owner_group_id' : 'group_id']: at(groups, ownerGroup),
        deleted_at: gone(deleted),
      })
  }
  const named: { [M in Model]?: string[] } = {
    user: users,
    group: groups,
    role: roles,
    permission: permissions,
    parcel: parcels,
  }
  return { place, org: org_id, users: users ?? [], rows: named[place.model] ?? others, depots, token }
}
