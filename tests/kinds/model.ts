import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { defineResource } from '#src/resource/entity.ts'
import { decimal, money, price, quantity } from '#src/resource/kinds/decimal.ts'
import { language } from '#src/resource/kinds/language.ts'
import { ownership } from '#src/resource/kinds/reference.ts'
import { name } from '#src/resource/kinds/text.ts'
import { timeZone } from '#src/resource/kinds/time-zone.ts'
import { url } from '#src/resource/kinds/url.ts'

const offer = defineModel('offer', {
  table: 'offers',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['owner_user_id'],
  group: ['owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    offer: ActionsOf<typeof offer>
  }
}

/** One column of every kind that others leave out. */
export const offers = defineResource(offer, {
  path: '/offers',
  one: 'offer',
  many: 'offers',
  icon: 'truck',
  title: 'name',
  searched: true,
  columns: {
    name: name(),
    discount: decimal('Discount', { places: 1, filterable: true }),
    total: money('Total', { currency: 'EUR', required: true }),
    rate: price('Rate', { currency: 'EUR' }),
    weight: quantity('Weight', { unit: 'kg' }),
    page: url('Page'),
    zone: timeZone('Time zone'),
    language: language('Language'),
    ...ownership,
  },
})
