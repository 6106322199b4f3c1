import { type ActionsOf, defineModel } from '#src/access/model.ts'

export const group = defineModel('group', {
  table: 'groups',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['owner_user_id'],
  group: ['id', 'owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    group: ActionsOf<typeof group>
  }
}
