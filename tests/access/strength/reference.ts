// Who is stronger than somebody, in plain words and slowly: what the application is held against.
import { type Action, beneath, lineOf, type Place } from '#tests/access/reference.ts'

/** All that somebody's roles hold, also what sleeps or begins later. */
function couldHold(place: Place, user: number): Set<number> {
  const found = new Set<number>()
  const add = (index: number) => {
    if (found.has(index)) return
    found.add(index)
    place.roles[index]?.parents.forEach(add)
  }
  for (const one of place.assignments) if (one.user === user && !one.expired) add(one.role)
  return new Set([...found].flatMap((role) => place.roles[role]?.permissions ?? []))
}

/** All that somebody has, or would have if it were not disabled for everybody. */
const holds = (place: Place, user: number) => {
  const given = place.assignments.filter((one) => one.user === user && !one.expired && !one.later)
  const roles = given.flatMap((one) => lineOf(place, one.role))
  return new Set(roles.flatMap((role) => place.roles[role]?.permissions ?? []))
}

type Member = Place['members'][number]
const counts = (action: Action | 'lead', { role }: Member) =>
  action === 'read' || (action === 'lead' ? role === 'lead' : role !== 'viewer')

/** Whether somebody is in a group that the other doesn't reach in the same way. */
function beyond(place: Place, me: number, other: number, action: Action | 'lead'): boolean {
  const of = (user: number) => place.members.filter((one) => one.user === user && counts(action, one))
  const covered = ({ group }: Member) =>
    of(me).some(
      (mine) =>
        !mine.later &&
        (mine.group === group ||
          beneath(place, group, mine.group) ||
          beneath(place, place.groups[group]?.parent ?? null, mine.group)),
    )
  return !of(other).every(covered)
}

/** A permission that was deleted for good comes back to nobody. */
const there = (place: Place, index: number) =>
  place.permissions.slice(index, index + 1).filter((one) => !one.gone)

/** Whether the other reaches, now or by what can come back, what I don't. */
export function stronger(place: Place, me: number, other: number): boolean {
  const mine = [...holds(place, me)].flatMap((index) => there(place, index))
  const theirs = [...couldHold(place, other)].flatMap((index) => there(place, index))
  const covered = ({ model, action, scope }: Place['permissions'][number]) =>
    mine.some(
      (one) =>
        one.model === model &&
        one.action === action &&
        (one.scope === 'all' ||
          (one.scope === scope && (scope === 'own' || !beyond(place, me, other, action)))),
    )
  return !theirs.every(covered) || beyond(place, me, other, 'lead')
}
