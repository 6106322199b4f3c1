import { type Cause, causeIn } from '#src/access/cause.ts'
import type { Door, Tx } from '#src/db/database.ts'

/**
 * Acts for nobody (jobs, the CLI, registration), in one organization and with a reason that stands in the trail.
 * Still behind row security. What answers HTTP can't import this module.
 */
export function asSystem<T>(
  database: Pick<Door, 'withActor'>,
  orgId: string,
  reason: string,
  work: (tx: Tx) => Promise<T>,
  { via = 'system', cause }: { via?: 'system' | 'cli' | 'job'; cause?: Cause } = {},
): Promise<T> {
  const request = via === 'cli' ? undefined : cause?.id
  const context = JSON.stringify({ org: orgId, via, reason, request, ...(cause ? causeIn(cause) : {}) })
  return database.withActor({ orgId, context }, work)
}
