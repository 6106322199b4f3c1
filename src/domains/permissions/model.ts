import { type ActionsOf, defineModel } from '#src/access/model.ts'

export const permission = defineModel('permission', {
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
