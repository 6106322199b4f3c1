// Who may do what to which user, in plain words and slowly: what the application is held against.
import { stronger } from '#tests/access/strength-reference.ts'

export type Action = 'read' | 'update' | 'delete'
export type Scope = 'all' | 'group' | 'own'

/** An organization. Everything is named by its index. */
export type Place = {
  users: { status: string; deleted: boolean; ownerUser: number | null; ownerGroup: number | null }[]
  groups: { parent: number | null; deleted: boolean }[]
  members: { user: number; group: number; role: 'lead' | 'member' | 'viewer' }[]
  permissions: { model: 'user' | 'group'; action: Action; scope: Scope; disabled: boolean }[]
  roles: { disabled: boolean; deleted: boolean; permissions: number[]; parents: number[] }[]
  assignments: { user: number; role: number; expired: boolean }[]
}
export type Verdict = 'nobody' | 'refused' | 'absent' | 'conflict' | 'yes' // 401, 403, 404, 409, 2xx

export function rolesOf(place: Place, user: number): Set<number> {
  const found = new Set<number>()
  const add = (index: number) => {
    const role = place.roles[index]
    if (!role || role.disabled || role.deleted || found.has(index)) return
    found.add(index)
    role.parents.forEach(add)
  }
  for (const one of place.assignments) if (one.user === user && !one.expired) add(one.role)
  return found
}

function scopesOf(place: Place, user: number, action: Action, model = 'user'): Set<Scope> {
  const held = [...rolesOf(place, user)].flatMap((role) => place.roles[role]?.permissions ?? [])
  const active = place.permissions.filter((one, index) => held.includes(index) && !one.disabled)
  return new Set(active.filter((one) => one.model === model && one.action === action).map((one) => one.scope))
}

/** Whether the group is the one above or lies beneath it, with no deleted one on the way. */
export function beneath(place: Place, group: number | null, above: number): boolean {
  const here = group === null ? undefined : place.groups[group]
  return here?.deleted === false && (group === above || beneath(place, here.parent, above))
}

export function reaches(place: Place, user: number, action: Action, target: number): boolean {
  const scopes = scopesOf(place, user, action)
  if (scopes.has('all')) return true
  const row = place.users[target]
  if (scopes.has('own') && (target === user || row?.ownerUser === user)) return true
  const mine = place.members.filter((m) => m.user === user && (action === 'read' || m.role !== 'viewer'))
  const theirs = place.members.filter((one) => one.user === target).map((one) => one.group)
  const places = [...theirs, row?.ownerGroup ?? null]
  return scopes.has('group') && mine.some((one) => places.some((group) => beneath(place, group, one.group)))
}

/** The groups that stand beside somebody's name: one's own, and those that the reader may read. */
export function groupsShown(place: Place, user: number, target: number): number[] {
  const scopes = scopesOf(place, user, 'read', 'group')
  const mine = place.members.filter((one) => one.user === user).map((one) => one.group)
  const seen = (group: number) =>
    user === target ||
    scopes.has('all') ||
    (scopes.has('group') && mine.some((one) => beneath(place, group, one)))
  const theirs = place.members.filter((one) => one.user === target).map((one) => one.group)
  return theirs.filter((group) => !place.groups[group]?.deleted && seen(group)).sort()
}

export function decide(place: Place, user: number, action: Action, target: number): Verdict {
  const [me, row] = [place.users[user], place.users[target]]
  if (me?.status !== 'active' || me.deleted) return 'nobody'
  if (scopesOf(place, user, action).size === 0) return 'refused'
  if (action === 'delete' && target === user) return 'conflict'
  // who may read nothing at all sees what they may change
  const sees = scopesOf(place, user, 'read').size > 0 ? 'read' : action
  if (!reaches(place, user, sees, target) || (action !== 'read' && row?.deleted)) return 'absent'
  if (!reaches(place, user, action, target)) return 'refused'
  return action !== 'read' && target !== user && stronger(place, user, target) ? 'refused' : 'yes'
}
