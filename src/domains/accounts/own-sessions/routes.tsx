import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { endOwnSession, endOwnSessions } from '#src/domains/accounts/own-sessions/actions.ts'
import { ownSessionsScreen } from '#src/domains/accounts/own-sessions/views.tsx'
import {
  endedSessions,
  ownSessionList,
  ownSessionsToEnd,
  type SessionRecord,
} from '#src/domains/accounts/sessions/model.ts'
import { ownSessions } from '#src/domains/accounts/sessions/queries.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, can, del, get } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

async function loaded(db: Door, actor: UserActor, grant: Grant<'session', 'read'>): Promise<SessionRecord[]> {
  const rows = await db.readAs(actor, (q) => ownSessions(q, actor, grant))
  return rows.map((row): SessionRecord => JSON.parse(row.json))
}

/** Where a page goes on to: the sign-in page, if that was its own session. */
function after(config: Config, signedOut: boolean, notice: string): Answer {
  if (!signedOut) return { location: paths.mySessions, notice }
  const cookies = new Cookies(config)
  return {
    location: paths.login,
    notice: 'You’re signed out',
    cookies: [cookies.drop(cookies.session)],
    headers: { 'Clear-Site-Data': '"cache"' },
  }
}

export const ownSessionRoutes = [
  get(
    paths.mySessions,
    can('session:read'),
    { answer: ownSessionList, summary: 'List your sessions, most recent first' },
    async ({ db, actor, grant }) => {
      const sessions = await loaded(db, actor, grant)
      const mayEnd = actor.can('session:delete')
      return { json: { data: sessions }, screen: (frame) => ownSessionsScreen({ frame, sessions, mayEnd }) }
    },
  ),

  del(
    paths.mySessions,
    can('session:delete'),
    { body: ownSessionsToEnd, answer: endedSessions, summary: 'Sign out your other sessions, or all' },
    async ({ db, actor, grant, body, services }) => {
      const ended = await db.withActor(actor, (tx) => endOwnSessions(tx, actor, grant, body.which))
      const notice = ended === 1 ? '1 session signed out' : `${ended} sessions signed out`
      return { json: { ended }, ...after(services.config, body.which === 'all', notice) }
    },
  ),

  del(
    paths.mySession(':id'),
    can('session:delete'),
    { summary: 'Sign out one of your sessions' },
    async ({ db, actor, grant, id, services }) => {
      const signedOut = await db.withActor(actor, (tx) => endOwnSession(tx, actor, grant, id()))
      return after(services.config, signedOut, 'Session signed out')
    },
  ),
]
