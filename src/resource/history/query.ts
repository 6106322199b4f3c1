import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Database } from '#src/db/database.ts'
import { allResources, type Resource, resourceOf } from '#src/resource/entity.ts'
import { statement } from '#src/resource/list/query.ts'

/** One event in a record's history. */
export type Happening = {
  id: string
  created_at: string
  action: string
  actor: { id: string | null; name?: string } | null
  via: string
  reason: string | null
  request_id: string | null
  changes: Change[]
}

/** One changed field; ids come with their record's name if the reader may see it. */
export type Change = { field: string; from?: unknown; to?: unknown; from_name?: string; to_name?: string }

const AT_ONCE = 50

export const historyQuery = z.strictObject({ before: z.guid('Use the next of a page').optional() })

const change = z.strictObject({
  field: z.string(),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  from_name: z.string().optional(),
  to_name: z.string().optional(),
})

const happening = z
  .strictObject({
    id: z.guid(),
    created_at: z.iso.datetime({ offset: true }),
    action: z.string(),
    actor: z.strictObject({ id: z.guid().nullable(), name: z.string().optional() }).nullable(),
    via: z.string(),
    reason: z.string().nullable(),
    request_id: z.string().nullable(),
    changes: z.array(change),
  })
  .meta({ id: 'happening' })

export const historyAnswer = z.strictObject({ data: z.array(happening), next: z.guid().nullable() })

/** A line of the trail as a statement returns it. */
export type Line = Omit<Happening, 'changes'> & {
  target_type: string
  data: Partial<Record<'before' | 'after' | 'gains' | 'loses', Record<string, unknown>>>
}

/**
 * The trail of one record, newest first, including attached rows that the reader may see. The last event of a page is
 * where the next one starts.
 */
export function historyOf(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  resource: Resource,
  id: string,
  before?: string,
): Promise<History> {
  const types = [
    resource.model.name,
    ...(resource.declared.attached ?? []).filter(({ needs }) => actor.can(needs)).map(({ type }) => type),
  ]
  const text = sql<Line>`
    select e.id, e.created_at, e.action, e.via, e.reason, e.request_id, e.target_type, e.data,
      case when e.actor_user_id is not null then json_build_object('id', e.actor_user_id, 'name',
        ${actorName(actor, sql`e.actor_user_id`)}) end as actor
    from events e where e.target_type = any(${types}) and e.target_id = ${id} and e.action <> 'access:denied'
      and (${before ?? null}::uuid is null
        or (e.created_at, e.seq) < (select p.created_at, p.seq from events p where p.id = ${before ?? null}::uuid))
    order by e.created_at desc, e.seq desc limit ${AT_ONCE + 1}`
  return historyFrom(db, actor, text)
}

/** A page of events; the next page starts from `next`. */
export type History = { data: Happening[]; next: string | null }

/** Who changed a record last, and when; without the name if the reader can't see that person. */
export type LastChange = { name: string | null; mine: boolean; at: string }

export const lastOf = ({ data: [last] }: History, reader: UserActor): LastChange | null =>
  last
    ? { name: last.actor?.name ?? null, mine: last.actor?.id === reader.userId, at: last.created_at }
    : null

/** Builds the history from a statement that returns the newest lines first, one more than a page holds. */
export async function historyFrom(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  text: RawBuilder<Line>,
): Promise<History> {
  const found = await db.readAs<Line>(actor, (q) => statement(q, text))
  const lines = found.slice(0, AT_ONCE)
  const names = await namesIn(db, actor, lines)
  return {
    data: lines.map((line) => toEntry(line, names)),
    next: found.length > AT_ONCE ? (lines[lines.length - 1]?.id ?? null) : null,
  }
}

/**
 * The name of someone in the trail if the reader may see it: a user of this organization, or a visitor through a
 * shadow. Each case uses its own index.
 */
export function actorName(reader: UserActor, id: RawBuilder<unknown>): RawBuilder<string | null> {
  const seen = sql`(u.id = ${reader.userId} or ${reader.find('user:read')?.where('u') ?? sql`false`})`
  return sql`coalesce((select u.full_name from users u where u.id = ${id} and ${seen}),
    (select u.full_name || ' (platform)' from users u where u.shadow_of_user_id = ${id} and ${seen}))`
}

function toEntry({ target_type, data, actor, ...line }: Line, names: ReadonlyMap<string, string>): Happening {
  const { before = {}, after = {}, gains = {}, loses = {} } = data
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  // for a change of roles: how many people gained and lost which permission
  const effects = Object.entries({ gains, loses }).filter(([, people]) => Object.keys(people).length)
  const nameOf = (value: unknown) => {
    const ids = [value].flat().map(String)
    return ids.some((id) => names.has(id)) ? ids.map((id) => names.get(id) ?? id).join(', ') : undefined
  }
  const changes = fields.map((field): Change => {
    const [from, to] = [before[field], after[field]]
    // fields that only identify (the member, the role) don't change
    if (field in before && from === to) return { field, to, to_name: nameOf(to) }
    return { field, from, to, from_name: nameOf(from), to_name: nameOf(to) }
  })
  const who = actor && { id: actor.id, ...(actor.name ? { name: actor.name } : {}) }
  return { ...line, actor: who, changes: [...changes, ...effects.map(([field, to]) => ({ field, to }))] }
}

/** The model of the id in each field of the trail. */
const MODELS: Record<string, string> = {
  user_id: 'user',
  owner_user_id: 'user',
  created_by: 'user',
  invited_by: 'user',
  granted_by: 'user',
  group_id: 'group',
  owner_group_id: 'group',
  role_id: 'role',
  role_ids: 'role',
  permission_id: 'permission',
  // for a change of several roles
  together_with: 'role',
}

const modelOf = (field: string, target: string) =>
  field === 'parent_id' ? (target.startsWith('role') ? 'role' : 'group') : MODELS[field]

/** Names of all records mentioned in lines of the trail, within the reader's Grants, in one statement. */
export async function namesIn(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  lines: readonly Pick<Line, 'target_type' | 'data'>[],
): Promise<Map<string, string>> {
  const ids = new Map<string, Set<string>>()
  for (const { target_type, data } of lines) {
    for (const [field, value] of [
      ...Object.entries(data.before ?? {}),
      ...Object.entries(data.after ?? {}),
      ...Object.entries(data),
    ]) {
      const model = modelOf(field, target_type)
      if (!model) continue
      for (const id of [value].flat())
        if (typeof id === 'string') ids.set(model, (ids.get(model) ?? new Set()).add(id))
    }
  }
  const parts = allResources().flatMap(({ model: { name } }) => {
    const resource = resourceOf(name)
    const grant = resource && actor.find(resource.may('read'))
    const wanted = ids.get(name)
    if (!resource || !grant || !wanted) return []
    return [
      sql`select t.id, ${resource.titleSql('t')} as name from ${sql.table(resource.table)} t
        where t.id = any(${[...wanted]}::uuid[]) and ${grant.where('t')}`,
    ]
  })
  if (!parts.length) return new Map()
  const text = sql<{ id: string; name: string }>`${sql.join(parts, sql` union all `)}`
  const rows = await db.readAs<{ id: string; name: string }>(actor, (q) => statement(q, text))
  return new Map(rows.map(({ id, name }) => [id, name]))
}
