import { type Cause, causeIn } from '#src/access/cause.ts'
import type { Door, Tx } from '#src/db/database.ts'

/**
 * Acts for no user (jobs, the CLI, registration), in one organization and with a reason for the trail. Row security
 * still applies. Code that answers HTTP can't import this module.
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
