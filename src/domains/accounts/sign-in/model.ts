import { z } from 'zod'
import { code, kept, normalised } from '#src/domains/accounts/model.ts'

/** `username` is a user name or an address; `email` is taken as the key too. */
export const credentials = z
  .strictObject({
    username: z.string().max(254).optional(),
    email: z.string().max(254).optional(),
    password: z.string().max(1000),
    organization: z.string().max(63).optional(),
    code: code.optional().describe('With two-step verification: from the app, or a recovery code.'),
    next: z.string().max(2000).optional(),
    kept,
  })
  .transform(({ username, email, organization, ...rest }) => ({
    ...rest,
    name: normalised(username ?? email ?? ''),
    organization: organization || null,
  }))

/** The second step of a browser. */
export const sentCode = z.strictObject({
  code: code.min(1),
  next: z.string().max(2000).optional(),
  kept,
})

/** The own record, as far as one may read it, with what one may. */
export const meAnswer = z.looseObject({
  id: z.guid(),
  username: z.string(),
  organization: z.looseObject({ id: z.guid(), name: z.string(), slug: z.string(), kind: z.string() }),
  /** Who it really is, in an organization that was entered from the platform's. */
  home: z
    .strictObject({
      organization: z.strictObject({ id: z.guid(), name: z.string() }),
      user_id: z.guid(),
    })
    .nullable(),
  permissions: z.array(z.string()),
})
