import { z } from 'zod'
import { email, password, personName, username } from '#src/domains/accounts/model.ts'

export const registration = z.strictObject({
  username,
  email,
  password,
  first_name: personName.default(''),
  last_name: personName.default(''),
})

export type Registration = z.infer<typeof registration>

export const registeredAnswer = z.strictObject({
  id: z.guid(),
  username: z.string(),
  email: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  status: z.literal('active'),
})
