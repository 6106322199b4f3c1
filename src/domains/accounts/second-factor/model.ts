import { z } from 'zod'
import { code } from '#src/domains/accounts/model.ts'

/** What a person sends to turn it on: what they were shown, sealed, and a code that their app made of it. */
export const setUp = z.strictObject({
  setup: z.string().max(400),
  code: code.min(1),
})
/** The same of a form, and where to go on to. */
export const setUpForm = setUp.extend({ next: z.string().max(2000).optional() })

export const factorAnswer = z.strictObject({
  since: z.iso.datetime({ offset: true }).nullable().describe('null if two-step verification is off.'),
  recovery_codes_left: z.int(),
})
export const begunAnswer = z.strictObject({
  secret: z.string().describe('To type into an authenticator app.'),
  uri: z.string().describe('The same as an otpauth link, for a QR code.'),
  setup: z.string().describe('Send it back with a code within 15 minutes.'),
})
export const codesAnswer = z.strictObject({
  recovery_codes: z.array(z.string()).describe('Each works once. They’re shown only now.'),
})
