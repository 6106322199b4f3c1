import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Acting, Database } from '#src/db/database.ts'
import type { DB } from '#src/db/types.ts'
import { nameOfReference, type Resource, resourceOf } from '#src/resource/entity.ts'
import { valueNow } from '#src/resource/kinds/ending.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { filtered, zoneIn } from '#src/resource/list/filter.ts'
import { type Source, statement } from '#src/resource/list/query.ts'
import { searchFor, taggedWith, wordsIn } from '#src/resource/list/search.ts'

/** A record as JSON, built by the database from a row. @param more replaces the entity's own further keys */
export function recordJson(
  { table, columns, soft, declared }: Resource,
  actor: UserActor,
  more = declared.more?.(actor),
): RawBuilder<string> {
  if (declared.json) return declared.json(actor)
  const parts: RawBuilder<unknown>[] = [sql`${sql.ref(`${table}.id`)}`]
  for (const [name, column] of Object.entries(columns)) {
    const { of } = column
    const stored = sql.ref(`${table}.${name}`)
    parts.push(
      column.kind.json ? sql`${column.kind.json(stored)} as ${sql.ref(name)}` : valueNow(table, name, column),
    )
    if (of) parts.push(sql`${referenceJson(table, name, of, actor)} as ${sql.ref(nameOfReference(name))}`)
  }
  for (const [name, value] of Object.entries(more ?? {})) parts.push(sql`${value} as ${sql.ref(name)}`)
  if (soft) parts.push(sql`${sql.ref(`${table}.deleted_at`)}`)
  parts.push(sql`${sql.ref(`${table}.version`)}`)
  return sql<string>`(select row_to_json(record)::text from (select ${sql.join(parts)}) record)`
}

/** The rows of a list within the Grant: search, filters, deleted or not. */
export function sourceOf<M extends Model>(
  resource: Resource<M>,
  grant: Grant<M>,
  view: ListView,
  actor: UserActor,
): Source<Table> {
  const { soft, declared, columns } = resource
  const table = resource.table as Table
  return {
    table,
    grant: {
      all: grant.all,
      reach: `${resource.path} ${grant.reach}${zoneIn(view, actor.clock)}`,
      entries: (most) => grant.entries(most),
    },
    json: recordJson(resource, actor),
    skewed: relatedIn(resource, view).length > 0,
    search: searchFor(
      ...tagsOf(resource, view),
      ...(declared.searched ? wordsIn(resource.model.name, view.q) : []),
    ),
    matching: (db, how) => {
      let query = db.selectFrom(table).where(grant.where(table, how))
      if (declared.baseFilter) query = query.where(declared.baseFilter(table, view))
      for (const { rows, ids } of relatedIn(resource, view))
        query = query.where(sql<boolean>`${sql.ref(`${table}.id`)} in (${rows(actor, ids)})`)
      if (soft)
        query = query.where(
          sql<boolean>`${sql.ref(`${table}.deleted_at`)} is ${view.filters.deleted ? sql`not null` : sql`null`}`,
        )
      return query.where(filtered(table, view, actor.clock, columns)) as unknown as ReturnType<
        Source<Table>['matching']
      >
    },
  }
}

/** A list's filters by related records. */
export const relatedIn = ({ declared }: Resource, { filters }: ListView) =>
  Object.entries(declared.related ?? {}).flatMap(([name, related]) => {
    const ids = filters[name]
    return ids ? [{ name, ids, ...related }] : []
  })

/** The names of those records that the Grant reaches. */
export async function namesOf<M extends Model>(
  db: Pick<Database, 'readAs'>,
  actor: Acting,
  resource: Resource<M>,
  grant: Grant<M>,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const text = sql<{ id: string; name: string }>`select t.id, ${resource.titleSql('t')} as name
    from ${sql.table(resource.table)} t where t.id = any(${ids}::uuid[]) and ${grant.where('t')}`
  const rows = await db.readAs<{ id: string; name: string }>(actor, (q) => statement(q, text))
  return new Map(rows.map(({ id, name }) => [id, name]))
}

export type Table = keyof DB & string

/** A referenced record: its id, and its name if the reader may see it. */
function referenceJson(table: string, name: string, of: string, actor: UserActor): RawBuilder<unknown> {
  const target = resourceOf(of)
  const id = sql.ref(`${table}.${name}`)
  const alone = sql`case when ${id} is not null then json_build_object('id', ${id}) end`
  const seen = target && actor.find(target.may('read'))
  if (!target || !seen) return alone
  return sql`coalesce((select json_build_object('id', n.id, 'name', ${target.titleSql('n')}) from ${sql.table(target.table)} n
    where n.org_id = ${sql.ref(`${table}.org_id`)} and n.id = ${id} and ${seen.where('n')}), ${alone})`
}

/** A list's filters by tags. */
const tagsOf = ({ model, columns }: Resource, { filters }: ListView) =>
  Object.entries(filters).flatMap(([name, tags]) =>
    columns[name]?.kind.tagged ? [taggedWith(model.name, name, tags)] : [],
  )
