import type { Db, Door } from '#src/db/database.ts'

/**
 * Acts for nobody (jobs, the CLI, registration), in one organization and with a reason that stands in the trail.
 * Still behind row security. What answers HTTP can't import this module.
 */
export function asSystem<T>(
  database: Pick<Door, 'withActor'>,
  orgId: string,
  reason: string,
  work: (tx: Db) => Promise<T>,
  { via = 'system', requestId }: { via?: 'system' | 'cli' | 'job'; requestId?: string } = {},
): Promise<T> {
  const context = JSON.stringify({ org: orgId, via, reason, request: requestId })
  return database.withActor({ orgId, context }, work)
}
