import { unique } from '#tests/factories.ts'
import { suiteFor } from '#tests/resource/suite.ts'
import { vendors } from '#tests/vendors/model.ts'
import { routesWithVendors, withVendors } from '#tests/vendors/setup.ts'

await suiteFor({
  resource: vendors,
  app: withVendors(),
  routes: routesWithVendors,
  sample: () => ({
    name: unique('Vendor '),
    email: `${unique('vendor')}@example.com`,
    kind: 'goods',
    rating: 3,
    preferred: true,
    since: '2020-02-29',
    notes: 'First line\nsecond line',
  }),
  change: { rating: 4, kind: 'services', preferred: false, since: null },
  thousands: true,
})
