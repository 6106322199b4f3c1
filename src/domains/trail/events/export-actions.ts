import type { UserActor } from '#src/access/actor.ts'
import type { Database } from '#src/db/database.ts'
import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { namesOf } from '#src/domains/trail/events/queries.ts'
import { type Names, sentence } from '#src/domains/trail/events/words.ts'
import type { Clock } from '#src/locale/clock.ts'
import { csvLines, guarded } from '#src/resource/export.ts'

const columns: Readonly<
  Record<string, (event: EventRecord, names: Names, clock: Clock) => string | null | undefined>
> = {
  id: ({ id }) => id,
  created_at: ({ created_at }) => created_at,
  action: ({ action }) => action,
  sentence: (event, names, clock) => sentence(event, names, clock),
  via: ({ via }) => via,
  actor_id: ({ actor }) => actor?.id,
  actor: ({ actor }) => actor?.name,
  impersonator_id: ({ impersonator }) => impersonator?.id,
  api_key_id: ({ api_key }) => api_key?.id,
  target_type: ({ target }) => target.type,
  target_id: ({ target }) => target.id,
  target: ({ target }) => target.name,
  reason: ({ reason }) => reason,
  request_id: ({ request_id }) => request_id,
  ip: ({ ip }) => ip,
  data: ({ data }) => JSON.stringify(data),
  seq: ({ seq }) => String(seq),
  session_id: ({ session_id }) => session_id,
  cause_kind: ({ cause_kind }) => cause_kind,
  cause_id: ({ cause_id }) => cause_id,
}

/** Events as CSV, a piece of text for each piece of them; the first tells the columns, once there are any to send. */
export async function* csvOf(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  pieces: AsyncIterable<EventRecord[]>,
): AsyncGenerator<string> {
  const lines = [Object.keys(columns)]
  for await (const events of pieces) {
    const names = await namesOf(db, actor, events)
    const cells = events.map((event) =>
      Object.values(columns).map((cell) => guarded(cell(event, names, actor.clock) ?? '')),
    )
    lines.push(...cells)
    if (lines.length) yield csvLines(lines.splice(0))
  }
  if (lines.length) yield csvLines(lines)
}
