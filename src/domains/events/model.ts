import { type ActionsOf, defineModel } from '#src/access/model.ts'

export const event = defineModel('event', {
  table: 'events',
  actions: ['read', 'export'],
  own: ['actor_user_id'],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    event: ActionsOf<typeof event>
  }
}
