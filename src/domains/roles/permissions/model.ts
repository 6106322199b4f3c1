import { z } from 'zod'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { scopes } from '#src/access/permission.ts'
import { defineResource, type RecordRow } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { flag } from '#src/resource/kinds/flag.ts'
import { shownLine } from '#src/resource/kinds/lines.ts'
import { text } from '#src/resource/kinds/text.ts'

const permission = defineModel('permission', {
  table: 'permissions',
  actions: ['create', 'read', 'update', 'delete'],
  own: [],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    permission: ActionsOf<typeof permission>
  }
}

const statuses = ['active', 'disabled'] as const

/** A permission as JSON and pages know it. */
export type PermissionRecord = {
  id: string
  code: string
  model: string
  action: string
  scope: (typeof scopes)[number]
  description: string
  category: string
  builtin: boolean
  status: (typeof statuses)[number]
  created_at: string
  updated_at: string
  version: number
}
export const permissionOf = (row: RecordRow) => row as unknown as PermissionRecord

const word = z
  .string()
  .trim()
  .max(60)
  .regex(/^[a-z][a-z0-9_]*$/, 'Use a word like inventory_lot: small letters, digits and underscores')

const columns = {
  code: text('Permission', { write: 'never', sortable: 'code' }),
  model: text('Model', { required: true, write: 'create', input: word, listed: false, filterable: true }),
  action: text('Action', { required: true, write: 'create', input: word, listed: false }),
  scope: choice('Scope', scopes, { required: true, write: 'create', listed: false }),
  description: text('Description', { max: 500 }),
  category: text('Category', { input: shownLine(100), listed: false }),
  builtin: flag('Built-in', { write: 'never', filterable: true }),
  status: choice('Status', statuses, { filterable: true, tones: { active: 'good', disabled: 'plain' } }),
}

const plain = {
  description: columns.description.input as z.ZodType<string>,
  category: columns.category.input as z.ZodType<string>,
}
/** What makes a permission what it is; may be sent again, and not be changed. */
const code = { model: word, action: word, scope: z.enum(scopes) }

const status = columns.status.input as z.ZodType<PermissionRecord['status']>

export const newPermission = z.strictObject({
  ...code,
  description: plain.description.default(''),
  category: plain.category.default(''),
  status: status.default('active'),
})
export const wholePermission = newPermission.partial().extend({
  description: plain.description.default(''),
  category: plain.category.default(''),
  status: status.optional(),
})
export const someOfPermission = z.strictObject({ ...code, ...plain, status }).partial()
export type NewPermission = z.infer<typeof newPermission>
export type PermissionChange = z.infer<typeof someOfPermission>

export const permissions = defineResource(permission, {
  path: '/permissions',
  one: 'permission',
  many: 'permissions',
  icon: 'key-round',
  subtitle: 'What roles can grant: an action on a model, and on which records.',
  title: 'code',
  searched: true,
  soft: false,
  columns,
  defaultSort: 'code',
  taken: {
    permissions_org_id_model_action_scope_key: ['scope', 'is already in use for this model and action'],
  },
})
