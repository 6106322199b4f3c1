import { type Kysely, sql } from 'kysely'
import { builtinPermissions } from '#src/access/model.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import type { DB } from '#src/db/types.ts'
import '#src/domains/models.ts'

const sentence = ({ model, action, scope }: { model: string; action: string; scope: string }) => {
  const rows = { all: 'in the whole organization', group: 'of the own groups', own: 'of one’s own' }[scope]
  return `${action} ${model.replaceAll('_', ' ')} records ${rows}`
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
  await sql`select app.seed_access(${orgId}, ${declaredAccess()})`.execute(db)
}
