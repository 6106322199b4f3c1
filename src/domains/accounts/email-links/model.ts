import { z } from 'zod'
import { password, username } from '#src/domains/accounts/model.ts'

const token = z.string().max(100)

export const link = z.strictObject({ token })
/** Of a form, whose link stands in its path; with the password of the account, or the one that a registration chose. */
export const verification = z.strictObject({ username: username.optional(), password })
export const verifiedByLink = z.strictObject({ token, ...verification.shape })
