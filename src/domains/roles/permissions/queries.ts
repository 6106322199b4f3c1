import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { covers, givingRights } from '#src/access/granting.ts'
import type { Database } from '#src/db/database.ts'
import { type PermissionRecord, permissions } from '#src/domains/roles/permissions/model.ts'
import { recordJson } from '#src/resource/record/query.ts'

type Reading = Pick<Database, 'readAs'>

/** Every permission of a model, by code. */
export async function permissionsOf(
  db: Reading,
  actor: UserActor,
  grant: Grant<'permission', 'read'>,
  model: string,
): Promise<PermissionRecord[]> {
  const rows = await db.readAs(actor, (q) =>
    q
      .selectFrom('permissions')
      .where('permissions.model', '=', model)
      .where(grant.where())
      .select(recordJson(permissions, actor).as('json'))
      .orderBy('permissions.code'),
  )
  return rows.map(({ json }) => JSON.parse(json))
}

/** The models that there are permissions for. */
export async function modelsOf(
  db: Reading,
  actor: UserActor,
  grant: Grant<'permission', 'read'>,
): Promise<string[]> {
  const rows = await db.readAs(actor, (q) =>
    q.selectFrom('permissions').where(grant.where()).select('model').distinct().orderBy('model'),
  )
  return rows.map(({ model }) => model)
}

/** A role that gives the permission: by itself, or by one above it. */
export type Giving = { id: string; name: string; inherited: boolean }

/** Roles that give a permission, as far as the reader sees roles, and whether the reader may switch it. */
export async function besidePermission(
  db: Pick<Database, 'withActor'>,
  actor: UserActor,
  { id, code }: { id: string; code: string },
): Promise<{ roles: Giving[]; mine: boolean }> {
  return db.withActor(actor, async (tx) => {
    const { rows } = await sql<Giving>`
      with recursive giving(id, inherited) as (
        select h.role_id, false from role_permissions h where h.permission_id = ${id}
        union
        select i.role_id, true from giving join roles r on r.id = giving.id and r.status = 'active' and r.deleted_at is null
        join role_parents i on i.parent_id = giving.id
      )
      select r.id, r.name, bool_and(g.inherited) as inherited from giving g join roles r on r.id = g.id
      where r.deleted_at is null and ${actor.find('role:read')?.where('r') ?? sql`false`}
      group by r.id, r.name, r.sort_name order by bool_and(g.inherited), r.sort_name, r.id`.execute(tx)
    return { roles: rows, mine: covers((await givingRights(tx, actor)).rights.scopes, [code]) }
  })
}
