import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { users } from '#src/domains/people/users/model.ts'
import { findRecord } from '#src/resource/record/query.ts'

/** Who somebody is: their record, as far as they may read it. */
export async function ownRecord(db: Door, actor: UserActor): Promise<object> {
  const own = actor.find('user:read')
  const [found] = own
    ? await db.readAs(actor, (q) => findRecord(q, users, actor, own, actor.userId), { prepared: true })
    : []
  const { username, name } = actor.identity
  return found ? JSON.parse(found.json) : { id: actor.userId, username, name }
}
