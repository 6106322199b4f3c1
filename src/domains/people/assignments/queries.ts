import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { effectivePermissions } from '#src/access/effective.ts'
import { begun } from '#src/access/in-force.ts'
import { lasting } from '#src/access/strength.ts'
import type { Door } from '#src/db/database.ts'
import { type Named, type Reading, rolesToGive } from '#src/domains/roles/roles/offering-queries.ts'

/** How somebody has a role: by whom, why, and until when. */
export type Assignment = {
  role: Named
  granted_by: { id: string; name?: string } | null
  reason: string
  created_at: string
  begins_at: string | null
  expires_at: string | null
}

/**
 * The roles that somebody has, now or from a time on, as far as the reader sees roles; one's own always. Of several
 * sources, the one that holds longest.
 */
export async function assignmentsOf(db: Reading, actor: UserActor, userId: string): Promise<Assignment[]> {
  const seesRole = actor.find('role:read')?.where('r') ?? sql`false`
  const seesUser = actor.find('user:read')?.where('g') ?? sql`false`
  return db.withActor(actor, async (tx) => {
    const { rows } = await sql<Assignment>`
      select json_build_object('id', r.id, 'name', r.name) as role, ur.reason, ur.created_at, ur.begins_at, ur.expires_at,
        (select json_strip_nulls(json_build_object('id', g.id, 'name',
          case when g.id = ${actor.userId} or ${seesUser} then g.full_name end)) from users g where g.id = ur.granted_by) as granted_by
      from (select distinct on (ur.role_id) * from user_roles ur where ur.user_id = ${userId} and ${lasting}
        order by ur.role_id, ${begun('ur')} desc, ur.expires_at desc nulls first, ur.source) ur
      join roles r on r.id = ur.role_id
      where r.deleted_at is null
        and (ur.user_id = ${actor.userId} or ${seesRole})
      order by r.sort_name, r.id`.execute(tx)
    return rows
  })
}

/** What the panel of somebody's roles shows; what may be given only to whoever may change just this person. */
export async function rolesOf(
  db: Reading & Pick<Door, 'readAs'>,
  actor: UserActor,
  userId: string,
  mayChange: boolean,
) {
  const changeable = mayChange && userId !== actor.userId
  const [assignments, offered, losses] = await Promise.all([
    assignmentsOf(db, actor, userId),
    changeable ? rolesToGive(db, actor) : [],
    changeable ? lossesOf(db, actor, userId) : null,
  ])
  return { assignments, offered, losses }
}

/**
 * How many permissions somebody would lose with each of their roles: those that no other one gives them.
 * @returns null for whoever can't read permissions, and about somebody who has none for now, whatever their roles
 */
async function lossesOf(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  id: string,
): Promise<ReadonlyMap<string, number> | null> {
  const visible = actor.find('user:read')?.where('u')
  if (!visible || !actor.find('permission:read')?.all) return null
  const found = await effectivePermissions(db, actor, { id }, visible)
  if (!found || found.subject.inactive !== null) return null
  const only = found.permissions.flatMap(({ sources }) => {
    const roles = new Set(sources.map(({ role }) => role.id))
    return roles.size === 1 ? [...roles] : []
  })
  return new Map([...Map.groupBy(only, (role) => role)].map(([role, all]) => [role, all.length]))
}
