import { endSession, endSessions } from '#src/domains/sessions/actions.ts'
import { type SessionRecord, sessionList, sessionsToEnd } from '#src/domains/sessions/model.ts'
import { findSession, readerOf, sessionsOf } from '#src/domains/sessions/queries.ts'
import { listScreen, sessionScreen } from '#src/domains/sessions/views.tsx'
import { can, del, get } from '#src/http/endpoint.ts'
import { HttpError, notFound } from '#src/http/errors.ts'
import { pageJson, pageLinks } from '#src/http/page.ts'
import { paths } from '#src/paths.ts'
import { list } from '#src/resource/list.ts'

export const sessionRoutes = [
  get(paths.sessions, can('session:read'), { query: sessionList }, async ({ c, db, actor, grant, query }) => {
    const found = await list<SessionRecord, 'sessions'>(
      db,
      actor,
      query,
      sessionsOf(grant, query, readerOf(actor)),
    )
    const mayEnd = actor.can('session:delete')
    return {
      json: pageJson(found),
      headers: pageLinks(c, found),
      screen: (frame) => listScreen(found, query, mayEnd, frame),
    }
  }),

  get(paths.session(':id'), can('session:read'), {}, async ({ db, actor, grant, id }) => {
    const [found] = await db.readAs(actor, (q) => findSession(q, grant, id(), readerOf(actor)))
    if (!found) throw notFound()
    const mayEnd = actor.can('session:delete')
    return {
      json: found.json,
      etag: found.version,
      screen: (frame) => sessionScreen(JSON.parse(found.json), mayEnd, frame),
    }
  }),

  del(paths.session(':id'), can('session:delete'), {}, async ({ db, actor, grant, id }) => {
    await db.withActor(actor, (tx) => endSession(tx, actor, grant, id()))
    const own = id() === actor.identity.sessionId
    return {
      location: own ? paths.login : paths.sessions,
      notice: own ? 'You are signed out' : 'Session ended',
    }
  }),

  del(paths.sessions, can('session:delete'), {}, async ({ c, db, actor, grant, sent }) => {
    // programs may name them in the address, since many clients send no body with DELETE
    const { ids, user_id } = c.req.query()
    const named = { ...(ids ? { ids: ids.split(',') } : {}), ...(user_id ? { user_id } : {}) }
    const chosen = sessionsToEnd.safeParse({ ...named, ...sent })
    if (!chosen.success) throw new HttpError(400, 'Name the sessions to end: ids, or a user_id.')
    const ended = await db.withActor(actor, (tx) => endSessions(tx, grant, chosen.data))
    const count = ended.length === 1 ? '1 session' : `${ended.length} sessions`
    return { json: { ended: ended.length }, location: paths.sessions, notice: `${count} ended` }
  }),
]
