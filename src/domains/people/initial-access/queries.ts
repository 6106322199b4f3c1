import type { Choice } from '#src/resource/references/several.ts'

/** Roles and groups for the form of a new user: those that its maker may give. */
export const givenToNew = {
  role_ids: { of: 'role', query: { for: 'user' } },
  groups: { of: 'group', query: { for: 'user' } },
} satisfies Record<string, Choice>
