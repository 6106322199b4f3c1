import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { mayPlaceIn } from '#src/access/placing.ts'
import type { Door } from '#src/db/database.ts'
import { offeredGroups } from '#src/domains/people/users/queries.ts'
import { rolesToGive } from '#src/domains/roles/roles/queries.ts'

/** Roles and groups for the form of a new user: those that its maker may give. */
export async function offeredToNew(db: Door, actor: UserActor, grant: Grant<'user', 'create'>) {
  const groups = actor.find('group:read')
  const [roles, seenGroups] = await Promise.all([
    rolesToGive(db, actor),
    groups ? db.readAs(actor, (q) => offeredGroups(q, groups)) : [],
  ])
  return {
    roles: roles.map(({ id, name }) => ({ value: id, label: name })),
    groups: seenGroups
      .filter(({ id }) => mayPlaceIn(actor, grant, id))
      .map(({ id, name, kind }) => ({ value: id, label: `${name} (${kind})` })),
  }
}
