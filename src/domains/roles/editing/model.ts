import { z } from 'zod'
import { someOfRole } from '#src/domains/roles/roles/model.ts'

/** The edit form, or one step of a role's page. */
export const draft = someOfRole.extend({
  step: z.enum(['toggle', 'permissions', 'parents']).optional(),
  record: z.guid('Choose a record').optional(),
  add: z.enum(['true', 'false']).optional(),
  back: z.literal('true').optional(),
})

/** The request that saves what was shown. */
export type Saving = { action: string; method: 'post' | 'patch' | 'delete'; fields: [string, string][] }
