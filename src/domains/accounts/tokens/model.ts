import { z } from 'zod'

export const refreshing = z.strictObject({ refresh_token: z.string().max(100) })
