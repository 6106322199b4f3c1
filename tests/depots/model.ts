import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { defineResource } from '#src/resource/entity.ts'
import { ownership, reference } from '#src/resource/kinds/reference.ts'
import { name } from '#src/resource/kinds/text.ts'

const actions = ['create', 'read', 'update', 'delete'] as const

const depot = defineModel('depot', {
  table: 'depots',
  actions,
  own: ['owner_user_id'],
  group: ['owner_group_id'],
})

const ofDepot = { parent: 'depot', by: 'depot_id' }
const shelf = defineModel('shelf', { table: 'shelves', actions, own: [ofDepot], group: [ofDepot] })

/** The sender sees a parcel; whoever runs the depot says where it goes. */
const parcel = defineModel('parcel', {
  table: 'parcels',
  actions,
  own: ['owner_user_id'],
  group: ['owner_group_id', 'sender_group_id', ofDepot],
  placement: ['depot_id'],
})

const ofParcel = { parent: 'parcel', by: 'parcel_id' }
const document = defineModel('parcel_document', {
  table: 'parcel_documents',
  actions,
  own: [ofParcel],
  group: [ofParcel],
})

declare module '#src/access/permission.ts' {
  interface Models {
    depot: ActionsOf<typeof depot>
    shelf: ActionsOf<typeof shelf>
    parcel: ActionsOf<typeof parcel>
    parcel_document: ActionsOf<typeof document>
  }
}

const common = { icon: 'truck', title: 'name', searched: true } as const

export const depots = defineResource(depot, {
  ...common,
  path: '/depots',
  one: 'depot',
  many: 'depots',
  columns: { name: name(), ...ownership },
})

export const shelves = defineResource(shelf, {
  ...common,
  path: '/shelves',
  one: 'shelf',
  many: 'shelves',
  columns: { name: name(), depot_id: reference('Depot', 'depot', { required: true, filterable: true }) },
})

export const parcels = defineResource(parcel, {
  ...common,
  path: '/parcels',
  one: 'parcel',
  many: 'parcels',
  columns: {
    name: name(),
    depot_id: reference('Depot', 'depot', { required: true, filterable: true }),
    sender_group_id: reference('Sender', 'group'),
    ...ownership,
  },
})

export const documents = defineResource(document, {
  ...common,
  path: '/parcel-documents',
  one: 'document',
  many: 'documents',
  columns: { name: name(), parcel_id: reference('Parcel', 'parcel', { required: true, filterable: true }) },
})
