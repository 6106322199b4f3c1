import { type ActionsOf, defineModel } from '#src/access/model.ts'

/** `assign` is for giving what one doesn't have oneself: see the rule of granting. */
export const role = defineModel('role', {
  table: 'roles',
  actions: ['create', 'read', 'update', 'delete', 'assign'],
  own: [],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    role: ActionsOf<typeof role>
  }
}
