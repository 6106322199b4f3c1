import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Db } from '#src/db/database.ts'
import type { ListView } from '#src/http/list.ts'
import type { Source } from '#src/resource/list.ts'

/** Who reads: which session is theirs now, and whose names they may see. */
export type Reader = { me: string; current: string; users: Grant<'user', 'read'> | null }

export const readerOf = (actor: UserActor): Reader => ({
  me: actor.userId,
  current: actor.identity.sessionId,
  users: actor.find('user:read'),
})

const sessionJson = ({ me, current, users }: Reader) => sql<string>`json_build_object(
  'id', sessions.id,
  'user', (select case when u.id = ${me} or ${users?.where('u') ?? sql`false`}
    then json_build_object('id', u.id, 'username', u.username, 'name', coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username))
    else json_build_object('id', u.id) end
    from users u where u.org_id = sessions.org_id and u.id = sessions.user_id),
  'kind', sessions.kind, 'ip', host(sessions.ip), 'user_agent', sessions.user_agent,
  'created_at', sessions.created_at, 'last_seen_at', sessions.last_seen_at, 'expires_at', sessions.expires_at,
  'current', sessions.id = ${current})::text`

/** Sessions that are open: not ended, not run out. */
const open = (db: Db, grant: Grant<'session', 'read' | 'delete'>) =>
  db
    .selectFrom('sessions')
    .where('sessions.revoked_at', 'is', null)
    .where('sessions.expires_at', '>', sql<string>`now()`)
    .where(sql<boolean>`sessions.last_seen_at + sessions.idle_timeout > now()`)
    .where(grant.where())

/** The open sessions of a list. */
export const sessionsOf = (
  grant: Grant<'session', 'read'>,
  view: ListView,
  reader: Reader,
): Source<'sessions'> => ({
  table: 'sessions',
  grant,
  json: sessionJson(reader),
  matching: (db) => {
    const query = open(db, grant)
    return view.filters.kind ? query.where('sessions.kind', 'in', view.filters.kind) : query
  },
})

export const findSession = (db: Db, grant: Grant<'session', 'read'>, id: string, reader: Reader) =>
  open(db, grant)
    .where('sessions.id', '=', id)
    .select(['sessions.version', sessionJson(reader).as('json')])

/** A person's own open sessions, the newest first. */
export const ownSessions = (db: Db, grant: Grant<'session', 'read'>, reader: Reader) =>
  open(db, grant)
    .where('sessions.user_id', '=', reader.me)
    .select(sessionJson(reader).as('json'))
    .orderBy('sessions.last_seen_at', 'desc')
    .limit(50)
