import { z } from 'zod'
import { normalised } from '#src/domains/accounts/model.ts'
import { password } from '#src/domains/people/users/model.ts'

export const passwordChange = z.strictObject({ old_password: password, new_password: password })
/** The same of a form, which names whose it is, for password managers. */
export const passwordForm = passwordChange.extend({ username: z.string().optional() })

/** `username` is a user name or an address; `email` is taken as the key too. */
export const forgotten = z
  .strictObject({
    username: z.string().max(254).optional(),
    email: z.string().max(254).optional(),
  })
  .transform(({ username, email }) => ({ username: normalised(username ?? email ?? '') }))
  .pipe(z.strictObject({ username: z.string().min(1) }))

/** The form names whose it is, for password managers. */
export const chosenPassword = z.strictObject({ username: z.string().optional(), password })
export const chosenByLink = z.strictObject({ token: z.string().max(100), password })

/** What is said to every name alike. */
export const underWay = z.strictObject({ detail: z.string() })
