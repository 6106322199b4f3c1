import { type Kysely, sql } from 'kysely'
import { builtinPermissions } from '#src/access/model.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import { answer } from '#src/db/call.ts'
import { fn } from '#src/db/functions.ts'
import type { DB } from '#src/db/types.ts'
import '#src/domains/models.ts'
import { permissionInWords } from '#src/resource/permission-words.ts'

/** The built-in permissions and roles as JSON, for `app.seed_access`. */
export function declaredAccess(): string {
  const permissions = builtinPermissions().map((permission) => ({
    ...permission,
    description: permissionInWords(`${permission.model}:${permission.action}:${permission.scope}`),
  }))
  const roles = Object.entries(templates).map(([name, { description }]) => ({ name, description }))
  const held = Object.keys(templates).flatMap((role) =>
    permissionsOfTemplate(role).map((code) => ({ role, code })),
  )
  return JSON.stringify({ permissions, roles, held })
}

/**
 * Brings the built-in permissions and roles of every organization (or one) to what the code declares. A
 * permission that is new goes into the templates that have it; what somebody took out of a role stays out.
 */
export async function seedAccess(db: Kysely<DB>, orgId: string | null = null): Promise<void> {
  const declared = declaredAccess()
  await takeOver(db, orgId, declared)
  await answer(db, fn.seed_access({ place: orgId, access: declared }))
}

/** What an organization had made for itself before the code declared it is built in from then on. */
async function takeOver(db: Kysely<DB>, orgId: string | null, declared: string): Promise<void> {
  await sql`
    with declared as (select ${declared}::jsonb as access), taken as (
      update permissions p set builtin = true, description = d.description, category = d.model
      from declared, jsonb_to_recordset(access -> 'permissions') d(model text, action text, scope text, description text)
      where not p.builtin and (p.model, p.action, p.scope) = (d.model, d.action, d.scope)
        and (${orgId}::uuid is null or p.org_id = ${orgId})
      returning p.org_id, p.id, p.code
    )
    insert into role_permissions (org_id, role_id, permission_id)
    select r.org_id, r.id, t.id from taken t join roles r on r.org_id = t.org_id and r.builtin, declared,
      jsonb_to_recordset(access -> 'held') h(role text, code text)
    where h.role = r.template and h.code = t.code
    on conflict do nothing`.execute(db)
}
