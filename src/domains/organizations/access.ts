import { type Kysely, sql } from 'kysely'
import { builtinPermissions } from '#src/access/model.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import type { DB } from '#src/db/types.ts'
import '#src/domains/models.ts'

const verbs: Readonly<Record<string, string>> = { read: 'View', update: 'Change', enter: 'Open' }
const nouns: Readonly<Record<string, string>> = { user: 'people', api_key: 'API keys' }

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
const many = (word: string) => (/[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`)

/** "View people in own groups", "Create own API keys", "View all events". */
function sentence({ model, action, scope }: { model: string; action: string; scope: string }): string {
  const verb = verbs[action] ?? capital(action.replaceAll('_', ' '))
  const records = nouns[model] ?? many(model.replaceAll('_', ' '))
  if (scope === 'group') return `${verb} ${records} in own groups`
  if (scope === 'own') return `${verb} own ${records}`
  return action === 'create' ? `${verb} ${records}` : `${verb} all ${records}`
}

/** The built-in permissions and roles as JSON, for `app.seed_access`. */
export function declaredAccess(): string {
  const permissions = builtinPermissions().map((permission) => ({
    ...permission,
    description: sentence(permission),
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
  await sql`select app.seed_access(${orgId}, ${declared})`.execute(db)
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
