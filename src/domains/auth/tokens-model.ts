import { z } from 'zod'
import { password } from '#src/domains/users/model.ts'
import { username } from '#src/domains/users/names.ts'

const token = z.string().max(100)

export const link = z.strictObject({ token })
/** Of a form, whose link stands in its path; a registration wants its password again. */
export const confirmation = z.strictObject({ username: username.optional(), password: password.optional() })
export const confirmedByLink = z.strictObject({ token, ...confirmation.shape })
