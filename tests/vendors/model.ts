import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { defineResource } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { date } from '#src/resource/kinds/date.ts'
import { email } from '#src/resource/kinds/email.ts'
import { flag } from '#src/resource/kinds/flag.ts'
import { integer } from '#src/resource/kinds/integer.ts'
import { ownership } from '#src/resource/kinds/reference.ts'
import { name, text } from '#src/resource/kinds/text.ts'

const vendor = defineModel('vendor', {
  table: 'vendors',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['owner_user_id'],
  group: ['owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    vendor: ActionsOf<typeof vendor>
  }
}

export const vendors = defineResource(vendor, {
  path: '/vendors',
  one: 'vendor',
  many: 'vendors',
  icon: 'truck',
  title: 'name',
  searched: true,
  columns: {
    name: name(),
    email: email('E-mail'),
    kind: choice('Kind', ['goods', 'services'], { filterable: true }),
    rating: integer('Rating', { min: 0, max: 5 }),
    preferred: flag('Preferred', { filterable: true }),
    since: date('Since'),
    notes: text('Notes', { rows: 5 }),
    ...ownership,
  },
})
