// Who may do what to which record, in plain words and slowly: what the application is held against.
export type Model =
  | 'user'
  | 'group'
  | 'role'
  | 'permission'
  | 'invitation'
  | 'session'
  | 'api_key'
  | Beneath
  | 'depot'
/** What belongs to somebody as its parent does: a shelf to its depot, a document to its parcel, and that to its depot. */
type Beneath = 'shelf' | 'parcel' | 'parcel_document'
export type Action = 'create' | 'read' | 'update' | 'delete'
export type Scope = 'all' | 'group' | 'own'
type Row = {
  deleted?: boolean
  gone?: boolean
  ownerUser?: number | null
  ownerGroup?: number | null
  /** Of what lies beneath another: which one, among the depots or the parcels. */
  above?: number
  /** The group that a parcel belongs to as well. */
  sender?: number | null
}

/** An organization, and the model that is tried in it. Everything is named by its index. */
export type Place = {
  model: Model
  users: (Row & { status: string })[]
  groups: (Row & { parent: number | null })[]
  /** By one source each; `later` is what begins after now. */
  members: {
    user: number
    group: number
    role: 'lead' | 'member' | 'viewer'
    source?: string
    later?: boolean
  }[]
  permissions: (Row & { model: Model; action: Action; scope: Scope; disabled: boolean })[]
  roles: (Row & { disabled: boolean; permissions: number[]; parents: number[] })[]
  assignments: { user: number; role: number; source?: string; expired: boolean; later?: boolean }[]
  others: Row[]
  depots: Row[]
  parcels: Row[]
}
export type Verdict = 'nobody' | 'refused' | 'absent' | 'conflict' | 'yes' // 401, 403, 404, 409, 2xx

export function rowsOf(place: Place): Row[] {
  const { model, users, groups, roles, permissions, others, depots, parcels } = place
  const named: { [M in Model]?: Row[] } = {
    user: users,
    group: groups,
    role: roles,
    permission: permissions,
    depot: depots,
    parcel: parcels,
  }
  return named[model] ?? others
}

/** A role with all that it inherits from, as far as they are awake. */
export function lineOf(place: Place, index: number): number[] {
  const role = place.roles[index]
  if (!role || role.disabled || role.deleted) return []
  return [index, ...role.parents.flatMap((parent) => lineOf(place, parent))]
}

export function scopesOf(place: Place, user: number, action: Action): Set<Scope> {
  const given = place.assignments.filter((one) => one.user === user && !one.expired && !one.later)
  const roles = given.flatMap((one) => lineOf(place, one.role))
  const held = roles.flatMap((role) => place.roles[role]?.permissions ?? [])
  const active = place.permissions.filter((one, i) => held.includes(i) && !one.disabled && !one.gone)
  const asked = active.filter((one) => one.model === place.model && one.action === action)
  return new Set(asked.map(({ scope }) => scope))
}

/** Whether the group is the one above or lies beneath it, with no deleted one on the way. */
export function beneath(place: Place, group: number | null | undefined, above: number): boolean {
  const here = place.groups[group ?? -1]
  return here?.deleted === false && (group === above || beneath(place, here.parent, above))
}

/** Whose a row is: by its own columns, and as its parent is. */
function belonging(
  place: Place,
  model: Model,
  row: Row | undefined,
): [people: unknown[], groups: (number | null | undefined)[]] {
  const [people, groups] = [[row?.ownerUser], [row?.ownerGroup, row?.sender]]
  if (model === 'shelf') return belonging(place, 'depot', place.depots[row?.above ?? -1])
  if (model === 'parcel_document') return belonging(place, 'parcel', place.parcels[row?.above ?? -1])
  if (model !== 'parcel') return [people, groups]
  const [, above] = belonging(place, 'depot', place.depots[row?.above ?? -1])
  return [people, [...groups, ...above]]
}

export function reaches(place: Place, user: number, action: Action, target: number): boolean {
  const [scopes, row] = [scopesOf(place, user, action), rowsOf(place)[target]]
  if (!row || row.gone) return false
  const [people, groups] = belonging(place, place.model, row)
  const own = people.includes(user) || (place.model === 'user' && target === user)
  if (scopes.has('all') || (scopes.has('own') && own)) return true
  const mine = place.members.filter(
    (m) => m.user === user && !m.later && (action === 'read' || m.role !== 'viewer'),
  )
  const theirs = place.members.flatMap((m) =>
    place.model === 'user' && m.user === target && !m.later ? m.group : [],
  )
  const places = [...theirs, ...groups, place.model === 'group' ? target : null]
  return scopes.has('group') && mine.some((one) => places.some((group) => beneath(place, group, one.group)))
}

/** @param back whether it is about what is deleted, to bring it back */
export function decide(place: Place, user: number, action: Action, target: number, back = false): Verdict {
  const [me, row] = [place.users[user], rowsOf(place)[target]]
  if (me?.status !== 'active' || me.deleted) return 'nobody'
  if (scopesOf(place, user, action).size === 0) return 'refused'
  if (place.model === 'user' && action === 'delete' && !back && target === user) return 'conflict'
  const reached = reaches(place, user, action, target)
  if (!reached && !reaches(place, user, 'read', target)) return 'absent'
  if (action !== 'read' && (row?.deleted ?? false) !== back) return 'absent'
  return reached ? 'yes' : 'refused'
}

/** What comes of making a shelf in a depot, or of moving one there that may be changed. */
export function placed(
  place: Place,
  user: number,
  action: Action,
  depot: number,
): 'yes' | 'refused' | 'unseen' {
  const scopes = scopesOf(place, user, action)
  const reached =
    scopes.has('all') ||
    reaches({ ...place, model: 'depot', permissions: asOf(place, action) }, user, action, depot)
  if (!reached) return reaches({ ...place, model: 'depot' }, user, 'read', depot) ? 'refused' : 'unseen'
  return place.depots[depot]?.deleted ? 'unseen' : 'yes'
}

/** The permissions for shelves, as if they were for depots: a shelf is in scope where its depot would be. */
const asOf = ({ model, permissions }: Place, action: Action) =>
  permissions.map((one) =>
    one.model === model && one.action === action
      ? { ...one, model: 'depot' as const }
      : { ...one, model: one.model === 'depot' ? model : one.model },
  )
