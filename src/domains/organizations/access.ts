import { type Kysely, sql } from 'kysely'
import { builtinPermissions } from '#src/access/model.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import type { DB } from '#src/db/types.ts'
import '#src/domains/models.ts'

const sentence = ({ model, action, scope }: { model: string; action: string; scope: string }) => {
  const rows = { all: 'in the whole organization', group: 'of the own groups', own: 'of one’s own' }[scope]
  return `${action} ${model.replaceAll('_', ' ')} records ${rows}`
}

/**
 * Brings the built-in permissions and roles of every organization (or one) to what the code declares. A
 * permission that is new goes into the templates that have it; what somebody took out of a role stays out.
 */
export async function seedAccess(db: Kysely<DB>, orgId: string | null = null): Promise<void> {
  const declared = builtinPermissions().map((permission) => ({
    ...permission,
    description: sentence(permission),
  }))
  const roles = Object.entries(templates).map(([name, { description }]) => ({ name, description }))
  const held = Object.keys(templates).flatMap((role) =>
    permissionsOfTemplate(role).map((code) => ({ role, code })),
  )
  await sql`
    with places as (
      select id as org_id, kind from organizations where ${orgId}::uuid is null or id = ${orgId}::uuid
    ), fresh as (
      insert into permissions (org_id, model, action, scope, description, category, builtin)
      select o.org_id, p.model, p.action, p.scope, p.description, p.model, true
      from places o cross join json_to_recordset(${JSON.stringify(declared)}) p(model text, action text, scope text, description text)
      on conflict (org_id, model, action, scope) do nothing
      returning org_id, id, code
    ), new_roles as (
      insert into roles (org_id, name, description, template, builtin)
      select o.org_id, r.name, r.description, r.name, true
      from places o cross join json_to_recordset(${JSON.stringify(roles)}) r(name text, description text)
      where (r.name <> 'superadmin' or o.kind = 'platform')
        and not exists (select from roles e where e.org_id = o.org_id and e.builtin and e.template = r.name)
      on conflict (org_id, name) where deleted_at is null do nothing
      returning org_id, id, template
    ), all_roles as (
      select org_id, id, template from new_roles
      union all
      select r.org_id, r.id, r.template from roles r join places o using (org_id) where r.builtin
    )
    insert into role_permissions (org_id, role_id, permission_id)
    select r.org_id, r.id, p.id
    from all_roles r
    join json_to_recordset(${JSON.stringify(held)}) h(role text, code text) on h.role = r.template
    join fresh p on p.org_id = r.org_id and p.code = h.code
    on conflict do nothing`.execute(db)
}
