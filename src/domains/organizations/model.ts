import { type ActionsOf, defineModel } from '#src/access/model.ts'

export const organization = defineModel('organization', {
  table: 'organizations',
  actions: ['create', 'read', 'update', 'delete', 'enter'],
  own: [],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    organization: ActionsOf<typeof organization>
  }
}
