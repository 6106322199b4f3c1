import { changesIn } from '#src/domains/trail/events/changes.ts'
import { eventScreen } from '#src/domains/trail/events/event-views.tsx'
import { csvOf } from '#src/domains/trail/events/export-actions.ts'
import { type EventRecord, eventList, eventRecord } from '#src/domains/trail/events/model.ts'
import { actOf, entityOf, eventsOf, findEvent, namesOf } from '#src/domains/trail/events/queries.ts'
import { listScreen } from '#src/domains/trail/events/views.tsx'
import { notFound } from '#src/errors.ts'
import { can, get } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { exported } from '#src/resource/export.ts'
import { pageJson, pageLinks } from '#src/resource/list/page.ts'
import { everyRow, list } from '#src/resource/list/query.ts'
import { pageAnswer } from '#src/resource/list/routes.tsx'

export const eventRoutes = [
  get(
    paths.events,
    can('event:read'),
    {
      query: eventList,
      answer: pageAnswer(eventRecord),
      summary: 'List audit log entries',
      csv: ({ db, actor, grant, query }) => {
        const source = eventsOf(actor, query, grant, actor.require('event:export'))
        const pieces = everyRow<EventRecord, 'events'>(db, actor, query, source)
        const taken = { db, actor, model: 'event', view: query }
        return { name: 'events', ...exported(taken, pieces, (some) => csvOf(db, actor, some)) }
      },
    },
    async ({ c, db, actor, grant, query }) => {
      const found = await list<EventRecord, 'events'>(db, actor, query, eventsOf(actor, query, grant))
      return {
        json: pageJson(found),
        headers: pageLinks(c, found),
        screen: async (frame) =>
          listScreen({
            found,
            names: await namesOf(db, actor, found.rows()),
            view: query,
            exports: actor.can('event:export'),
            all: grant.all,
            frame,
          }),
      }
    },
  ),

  get(
    paths.event(':id'),
    can('event:read'),
    { answer: eventRecord, summary: 'Get an audit log entry' },
    async ({ db, actor, grant, id }) => {
      const [found] = await db.readAs(actor, (q) => findEvent(q, actor, grant, id()), { prepared: true })
      if (!found) throw notFound()
      const event: EventRecord = JSON.parse(found.json)
      return {
        json: found.json,
        screen: async (frame) => {
          const act = await actOf(db, actor, grant, event)
          const names = await namesOf(db, actor, [event, ...act.beside])
          const entity = event.target.name && event.target.id ? entityOf(event.target.type) : undefined
          return eventScreen({
            event,
            names,
            changes: changesIn(event, names, entityOf(event.target.type), frame.clock),
            target: entity ? `${entity.path}/${event.target.id}` : null,
            act,
            frame,
          })
        },
      }
    },
  ),
]
