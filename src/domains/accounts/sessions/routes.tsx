import type { UserActor } from '#src/access/actor.ts'
import { endSession, endSessions } from '#src/domains/accounts/sessions/actions.ts'
import {
  endedSessions,
  sessions,
  sessionsNamed,
  sessionsToEnd,
} from '#src/domains/accounts/sessions/model.ts'
import { EndButton, listColumns, PersonPanel } from '#src/domains/accounts/sessions/views.tsx'
import { invalid } from '#src/errors.ts'
import { can, del } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

/** Where a page goes on to: who ends sessions may read none. */
const listFor = (actor: UserActor) => (actor.can('session:read') ? paths.sessions : paths.home)

export const sessionRoutes = [
  ...resourceRoutes(sessions, {
    without: ['create', 'update', 'delete', 'import'],
    columns: ({ frame }) => listColumns(frame),
    head: (row, { actor, frame }) =>
      actor.can('session:delete') ? <EndButton row={row} frame={frame} /> : null,
    panels: (row, { frame }) => <PersonPanel row={row} frame={frame} />,
    bulk: {
      end: {
        needs: 'delete',
        label: 'Sign out',
        icon: 'log-out',
        doneLabel: 'signed out',
        danger: true,
        confirm: 'Anyone using them has to sign in again.',
        one: endSession,
      },
    },
  }),

  del(
    paths.session(':id'),
    can('session:delete'),
    { summary: 'Sign out a session' },
    async ({ db, actor, grant, id }) => {
      await db.withActor(actor, (tx) => endSession(tx, actor, grant, id()))
      const own = id() === actor.identity.sessionId
      return {
        location: own ? paths.login : listFor(actor),
        notice: own ? 'You’re signed out' : 'Session signed out',
      }
    },
  ),

  del(
    paths.sessions,
    can('session:delete'),
    {
      query: sessionsNamed,
      body: sessionsToEnd,
      answer: endedSessions,
      otherStatuses: [400, 422],
      summary: 'Sign out sessions by ID, or all of one person; given in the URL or in the body',
    },
    async ({ db, actor, grant, query, body }) => {
      const chosen = { ids: body.ids ?? query.ids, user_id: body.user_id || query.user_id || undefined }
      if (chosen.ids?.length === 0 || (!chosen.ids && !chosen.user_id))
        throw invalid([{ path: 'ids', message: 'Choose sessions: ids, or user_id' }])
      const ended = await db.withActor(actor, (tx) => endSessions(tx, actor, grant, chosen))
      const count = ended.length === 1 ? '1 session' : `${ended.length} sessions`
      return { json: { ended: ended.length }, location: listFor(actor), notice: `${count} signed out` }
    },
  ),
]
