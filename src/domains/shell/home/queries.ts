import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Tx } from '#src/db/database.ts'
import { COUNT_CAP } from '#src/db/paging.ts'

export type Counts = {
  people: number | null
  disabled: number | null
  sessions: number | null
  groups: number | null
}

const capped = (from: ReturnType<typeof sql>) =>
  sql<number>`(select count(*) from (select from ${from} limit ${COUNT_CAP}) counted)`
const none = sql<number | null>`null::bigint`

/** What the dashboard counts, each within what the person may read; null where they may not. */
export function countsFor(db: Tx, actor: UserActor) {
  const users = actor.find('user:read')
  const sessions = actor.find('session:read')
  const groups = actor.find('group:read')
  return db.selectNoFrom([
    (users ? capped(sql`users where deleted_at is null and ${users.where()}`) : none).as('people'),
    (users
      ? capped(sql`users where deleted_at is null and status = 'disabled' and ${users.where()}`)
      : none
    ).as('disabled'),
    (sessions
      ? capped(sql`sessions where revoked_at is null and expires_at > now() and ${sessions.where()}`)
      : none
    ).as('sessions'),
    (groups ? capped(sql`groups where deleted_at is null and ${groups.where()}`) : none).as('groups'),
  ])
}
