import { z } from 'zod'
import { invalid } from '#src/errors.ts'
import { missing, UNKNOWN_FIELD } from '#src/locale/instructions.ts'
import { selector } from '#src/resource/bulk/selection.ts'
import type { Bulk } from '#src/resource/parts.ts'

const outcome = z.strictObject({
  id: z.guid(),
  status: z.enum(['done', 'unchanged', 'refused']).meta({
    description: 'unchanged: there was nothing to change.',
  }),
  reason: z.string().optional(),
})

export const answer = z
  .strictObject({ done: z.int(), unchanged: z.int(), refused: z.int(), results: z.array(outcome) })
  .meta({ id: 'bulk_answer' })

export const previewed = z
  .strictObject({
    count: z.int(),
    hash: z.string(),
    names: z.array(z.string()),
    consequence: z.string().nullable(),
  })
  .meta({ id: 'bulk_preview' })

/** Arguments of the actions that ask for one. A form sends an empty one for no choice, which the action refuses. */
function argumentsOf(all: Readonly<Record<string, Bulk>>) {
  const asking = Object.entries(all).flatMap(([action, { prompt }]) =>
    prompt ? [{ action, name: prompt.name }] : [],
  )
  const names = [...new Set(asking.map(({ name }) => name))]
  const argument = (name: string) => {
    const actions = asking.filter((one) => one.name === name).map(({ action }) => action)
    return z
      .union([z.guid().toLowerCase(), z.literal('')])
      .optional()
      .meta({ description: `Required for ${actions.join(' and ')}.` })
  }
  return Object.fromEntries(names.map((name) => [name, argument(name)]))
}

/** Refuses another action's arguments, which would be ignored silently. @throws {Invalid} */
function refuseOthers({ prompt }: Bulk, given: Readonly<Record<string, unknown>>): void {
  const others = Object.keys(given).filter((name) => given[name] && name !== prompt?.name)
  if (others.length) throw invalid(others.map((path) => ({ path, message: UNKNOWN_FIELD })))
}

export const texts = (given: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )

/** Schema of the action and the records. */
export const askedOf = (all: Readonly<Record<string, Bulk>>) =>
  z.strictObject({
    action: z.enum(Object.keys(all) as [string, ...string[]]),
    ...selector,
    ...argumentsOf(all),
    back: z.string().max(2000).optional().meta({ description: 'The list’s query, for pages to return to.' }),
  })

/** @throws {Invalid} if the action's argument is missing, or another action's is given */
export function requireArguments(bulk: Bulk, given: Readonly<Record<string, unknown>>): void {
  refuseOthers(bulk, given)
  if (bulk.prompt && !z.guid().safeParse(given[bulk.prompt.name]).success)
    throw invalid([{ path: bulk.prompt.name, message: missing([bulk.prompt.name]) }])
}
