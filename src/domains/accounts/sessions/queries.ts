import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Tx } from '#src/db/database.ts'
import { open, sessions } from '#src/domains/accounts/sessions/model.ts'
import { recordJson } from '#src/resource/list/source.ts'

/** A person's own open sessions, the newest first. */
export const ownSessions = (db: Tx, actor: UserActor, grant: Grant<'session', 'read'>) =>
  db
    .selectFrom('sessions')
    .where(grant.where())
    .where(open('sessions'))
    .where('sessions.user_id', '=', actor.userId)
    .select(recordJson(sessions, actor).as('json'))
    .orderBy('sessions.last_seen_at', 'desc')
    .limit(50)
