import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import type { Choice } from '#src/resource/references/several.ts'

/** What a role inherits from, or a new one. */
export const inherits = (role?: RoleRecord): { parent_ids: Choice } => ({
  parent_ids: { of: 'role', query: role ? { above: role.id } : { for: 'role' }, own: role?.parents },
})
