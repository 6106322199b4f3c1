import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'

/** Minutes after authenticating during which no one is asked again. */
const FRESH_MINUTES = 10

/** Whether this session authenticated within the last ten minutes, by the database's clock. */
export async function isFresh(db: Pick<Door, 'readAs'>, actor: UserActor): Promise<boolean> {
  const recent = sql<boolean>`coalesce(proved_at > now() - make_interval(mins => ${FRESH_MINUTES}), false)`
  const [session] = await db.readAs(actor, (q) =>
    q.selectFrom('sessions').where('id', '=', actor.identity.sessionId).select(recent.as('fresh')),
  )
  return session?.fresh ?? false
}
