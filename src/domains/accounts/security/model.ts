import { z } from 'zod'
import { email, password } from '#src/domains/people/users/model.ts'

export const emailChange = z.strictObject({ email, password })
