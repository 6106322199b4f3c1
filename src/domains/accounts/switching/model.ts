import { z } from 'zod'

/** Where somebody with one account can go. */
export type Place = { id: string; name: string; slug: string; username: string }
export type Places = {
  organizations: readonly Place[]
  /** Whose administrators may change how the person signs in; null where that is the person's alone. */
  managedBy: string | null
}

export const switching = z.strictObject({ organization: z.uuid('Choose an organization') })

export const placesAnswer = z.strictObject({
  data: z.array(
    z.strictObject({
      id: z.guid(),
      name: z.string(),
      slug: z.string(),
      username: z.string(),
      current: z.boolean(),
    }),
  ),
  managed_by: z
    .string()
    .nullable()
    .describe('The organization whose administrators can change how you sign in.'),
})
