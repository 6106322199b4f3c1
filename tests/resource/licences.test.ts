import { unique } from '#tests/factories.ts'
import { licences, memos, routes, withLicences } from '#tests/resource/licences.ts'
import { suiteFor } from '#tests/resource/suite.ts'

const app = withLicences()

await suiteFor({
  resource: licences,
  app,
  routes,
  sample: () => ({
    code: unique('L-'),
    plan: 'team',
    seats: 10,
    expires: '2027-12-31',
    contact: `${unique('contact')}@example.com`,
    active: true,
    remarks: 'Paid by card',
    labels: ['paid', 'to renew'],
  }),
  change: {
    seats: 11,
    plan: 'all',
    active: false,
    expires: '2028-01-01',
    remarks: 'Paid\nby bank',
    labels: ['new'],
  },
})

await suiteFor({
  resource: memos,
  app,
  routes,
  sample: () => ({ topic: unique('Topic '), body: 'Remember the milk' }),
  change: { body: 'Remember\n“everything”' },
})
