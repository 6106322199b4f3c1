import { unique } from '#tests/factories.ts'
import { offers } from '#tests/kinds/model.ts'
import { routesWithOffers, withOffers } from '#tests/kinds/setup.ts'
import { suiteFor } from '#tests/resource/suite.ts'

await suiteFor({
  resource: offers,
  app: withOffers(),
  routes: routesWithOffers,
  sample: () => ({
    name: unique('Offer '),
    discount: '-2.5',
    total: '1234567890123.45',
    rate: '0.0001',
    weight: '12.500',
    page: 'https://www.example.com/offers?of=1',
    zone: 'Europe/Vienna',
    language: 'de-AT',
  }),
  change: { discount: '0.0', total: '-0.01', rate: null, weight: '0.001', zone: 'UTC', language: 'en-GB' },
})
