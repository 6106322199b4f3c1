import { z } from 'zod'

export const refreshing = z.strictObject({ refresh_token: z.string().max(100) })

export const tokenAnswer = z.strictObject({
  access_token: z.string(),
  refresh_token: z.string().describe('Works once, with POST /auth/refresh.'),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds until the access token expires, at the latest.'),
  user: z.looseObject({ id: z.guid(), username: z.string() }),
})
