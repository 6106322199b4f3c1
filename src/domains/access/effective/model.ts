import { z } from 'zod'
import type { Effective } from '#src/access/effective.ts'
import { name, optional, person, scope, side } from '#src/domains/access/explain/model.ts'

const held = {
  code: z.string(),
  model: z.string(),
  action: z.string(),
  scope,
  description: z.string(),
}

export const heldQuery = z.strictObject({
  model: optional(z.string().max(100)),
  /** Another person, beside the first. */
  compare: optional(person),
})

/** What somebody has now, with the roles that give it; null stands for a name that the asker may not read. */
export const heldAnswered = z.strictObject({
  data: z.array(
    z.strictObject({
      ...held,
      sources: z.array(
        z.strictObject({
          role: z.strictObject({ id: z.guid(), name }),
          inherited_through: z.array(name),
          expires_at: z.iso.datetime({ offset: true }).nullable(),
        }),
      ),
    }),
  ),
})

/** Two people side by side; `held` says it of each, in the order of `users`. */
export const heldByBoth = z.strictObject({
  users: z.array(side),
  data: z.array(z.strictObject({ ...held, held: z.array(z.boolean()) })),
})

export const heldJson = ({ sources, ...permission }: Effective) => ({
  ...permission,
  sources: sources.map(({ role, inherited, expires_at }) => ({
    role,
    inherited_through: inherited.map((one) => one.name),
    expires_at,
  })),
})
