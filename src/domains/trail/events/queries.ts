import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { COUNT_CAP } from '#src/db/paging.ts'
import { normalised } from '#src/domains/accounts/model.ts'
import type { Act, EventRecord } from '#src/domains/trail/events/model.ts'
import { allResources, type Resource } from '#src/resource/entity.ts'
import { actorName, namesIn } from '#src/resource/history/query.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { filtered, zoneIn } from '#src/resource/list/filter.ts'
import { type Source, statement } from '#src/resource/list/query.ts'

/** The entity whose record a kind of target is; rows attached to a record stand for it. */
export const entityOf = (type: string): Resource | undefined =>
  allResources().find(({ model, declared }) => model.name === type || attached(declared).includes(type))

const attached = ({ attached = [] }: Resource['declared']) => attached.map(({ type }) => type)

/** The name of what an event is about, where the reader may see it. */
function targetName(actor: UserActor): RawBuilder<string | null> {
  const cases = allResources().flatMap((resource) => {
    const seen = actor.find(resource.may('read'))
    if (!seen) return []
    const types = [resource.model.name, ...attached(resource.declared)]
    return [
      sql`when events.target_type = any(${types}) then (select ${resource.titleSql('t')} from ${sql.table(resource.table)} t
        where t.org_id = events.org_id and t.id = events.target_id and ${seen.where('t')})`,
    ]
  })
  return cases.length ? sql`case ${sql.join(cases, sql` `)} end` : sql`null::text`
}

const keyName = (actor: UserActor) =>
  sql`(select k.name from api_keys k where k.org_id = events.org_id and k.id = events.api_key_id
    and ${actor.find('api_key:read')?.where('k') ?? sql`false`})`

const named = (id: RawBuilder<unknown>, name: RawBuilder<unknown>, more = sql`'{}'::jsonb`) =>
  sql`case when ${id} is not null then jsonb_build_object('id', ${id})
    || jsonb_strip_nulls(jsonb_build_object('name', ${name})) || ${more} end`

/**
 * An event as JSON. Addresses are for those who see everything that happened; what a refusal wanted is for them, and
 * for who reads permissions: nobody finds out by trying.
 */
const eventJson = (actor: UserActor): RawBuilder<string> => {
  const all = actor.find('event:read')?.all ?? false
  const data =
    all || actor.find('permission:read')?.all
      ? sql`events.data`
      : sql`case events.action when 'access:denied' then events.data - 'wanted' else events.data end`
  const abroad = sql`case when events.actor_org_id <> events.org_id
    then jsonb_build_object('organization_id', events.actor_org_id) else '{}' end`
  return sql`json_build_object('id', events.id, 'seq', events.seq, 'created_at', events.created_at, 'action', events.action, 'via', events.via,
    'actor', ${named(sql`events.actor_user_id`, actorName(actor, sql`events.actor_user_id`), abroad)},
    'impersonator', ${named(sql`events.impersonator_id`, actorName(actor, sql`events.impersonator_id`))},
    'api_key', ${named(sql`events.api_key_id`, keyName(actor))},
    'target', jsonb_build_object('type', events.target_type, 'id', events.target_id)
      || jsonb_strip_nulls(jsonb_build_object('name', ${targetName(actor)})),
    'reason', events.reason, 'request_id', events.request_id, 'session_id', events.session_id,
    'cause_id', events.cause_id, 'cause_kind', events.cause_kind, 'ip', ${all ? sql`host(events.ip)` : sql`null`},
    'data', ${data})::text`
}

/** Whoever has the name now; those who had it once are named by id. */
const namedActor = (actor: UserActor, name: string): RawBuilder<SqlBool> =>
  sql`events.actor_user_id = (select u.id from users u
    where u.deleted_at is null and (u.username = ${normalised(name)} or u.email = ${normalised(name)})
      and (u.id = ${actor.userId} or ${actor.find('user:read')?.where('u') ?? sql`false`})
    order by u.username = ${normalised(name)} desc limit 1)`

/** What happened, within the Grants: reading, and where it is a file, exporting. */
export const eventsOf = (
  actor: UserActor,
  view: ListView,
  ...grants: readonly Grant<'event'>[]
): Source<'events'> => ({
  table: 'events',
  grant: {
    all: grants.every(({ all }) => all) && !view.filters.actor,
    reach: grants.map(({ reach }) => reach).join(' ') + zoneIn(view, actor.clock),
  },
  json: eventJson(actor),
  matching: (db) => {
    const [name] = view.filters.actor ?? []
    let query = db.selectFrom('events').where(filtered('events', view, actor.clock))
    if (!view.filters.action) query = query.where(saidOnce)
    for (const grant of grants) query = query.where(grant.where('events'))
    return name === undefined ? query : query.where(namedActor(actor, name))
  },
})

export const findEvent = (db: Tx, actor: UserActor, grant: Grant<'event', 'read'>, id: string) =>
  db.selectFrom('events').where('events.id', '=', id).where(grant.where()).select(eventJson(actor).as('json'))

/** Whoever opens a session leaves a line that says how: signed in, switched, entered. */
const saidOnce = sql<SqlBool>`events.action <> 'session:create'`

const MAX_BESIDE = 50

/** What the same act did besides, and how much in all. */
export async function actOf(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  grant: Grant<'event', 'read'>,
  { id, cause_id }: EventRecord,
): Promise<Act> {
  if (cause_id === null) return { beside: [], total: 1, capped: false }
  const same = sql`from events where ${grant.where('events')} and events.cause_id = ${cause_id} and ${saidOnce}`
  const text = sql<{ json: string; total: number }>`select ${eventJson(actor)} as json,
      (select count(*)::int from (select ${same} limit ${sql.lit(COUNT_CAP + 1)}) counted) as total
    ${same} and events.id <> ${id} order by events.created_at, events.seq limit ${sql.lit(MAX_BESIDE)}`
  const rows = await db.readAs(actor, (q) => statement(q, text))
  const total = rows[0]?.total ?? 1
  const beside = rows.map(({ json }) => JSON.parse(json))
  return { beside, total: Math.min(total, COUNT_CAP), capped: total > COUNT_CAP }
}

/** The names of all that some events speak of, as far as the reader may see them. */
export const namesOf = (
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  events: readonly EventRecord[],
): Promise<Map<string, string>> =>
  namesIn(
    db,
    actor,
    events.map(({ target, data }) => ({ target_type: target.type, data })),
  )
