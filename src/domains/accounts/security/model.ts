import { z } from 'zod'
import { email, password } from '#src/domains/accounts/model.ts'

export const emailChange = z.strictObject({ email, password })
