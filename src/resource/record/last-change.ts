import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Database } from '#src/db/database.ts'
import { findGrant } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { historyOf, type LastChange, lastOf } from '#src/resource/history/query.ts'
import { findRecord } from '#src/resource/record/query.ts'

/** The last change of a record, as the reader may see it. */
export async function lastChangeOf<M extends Model>(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  resource: Resource<M>,
  id: string,
): Promise<LastChange | null> {
  const grant = findGrant(resource, actor, 'read')
  const [seen] = grant ? await db.readAs(actor, (q) => findRecord(q, resource, actor, grant, id)) : []
  return seen ? lastOf(await historyOf(db, actor, resource, id), actor) : null
}
