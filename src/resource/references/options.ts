import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Door } from '#src/db/database.ts'
import type { Page } from '#src/db/paging.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { FilterDeclaration } from '#src/resource/kinds/parameters.ts'
import { type ListView, listQuery } from '#src/resource/list/declaration.ts'
import { list, statement } from '#src/resource/list/query.ts'
import { sourceOf } from '#src/resource/list/source.ts'

/** A selectable record: its name, and a hint that tells it from others of the same name. */
export type Option = { id: string; name: string; hint: string | null }

export const option = z
  .strictObject({ id: z.guid(), name: z.string(), hint: z.string().nullable() })
  .meta({ id: 'option' })

/** Filters that only `options` has: which visible records may be chosen for a purpose. */
export type Narrowings = Readonly<
  Record<
    string,
    {
      filter: Extract<FilterDeclaration, { kind: string }> & { column: null }
      where: (db: Door, actor: UserActor, values: readonly string[]) => Promise<RawBuilder<SqlBool>>
    }
  >
>

/** Schema of the query string of `options`: the list's own, plus its narrowings. */
export const optionsQuery = ({ list, declared }: Resource) => {
  const filters = Object.entries(declared.narrowings ?? {}).map(([name, { filter }]) => [name, filter])
  return listQuery({ ...list, filters: { ...list.filters, ...Object.fromEntries(filters) } })
}

/** The condition of a query's narrowings; null if it has none. */
export async function narrowedBy(
  db: Door,
  actor: UserActor,
  { declared }: Resource,
  { filters }: ListView,
): Promise<RawBuilder<SqlBool> | null> {
  const conditions = Object.entries(declared.narrowings ?? {}).flatMap(([name, { where }]) => {
    const values = filters[name]
    return values ? [where(db, actor, values)] : []
  })
  return conditions.length ? sql<SqlBool>`(${sql.join(await Promise.all(conditions), sql` and `)})` : null
}

/** What tells records of the same name apart. */
export function hintOf({ table, columns, declared }: Resource): RawBuilder<string | null> {
  const { title, apart = Object.keys(columns).find((name) => name !== title && columns[name]?.kind.text) } =
    declared
  return apart ? sql<string>`${sql.ref(`${table}.${apart}`)}::text` : sql<null>`null::text`
}

/** Selectable records: those of the list, with its search and pages, within the Grant. */
export function optionsOf<M extends Model>(
  db: Pick<Door, 'readAs' | 'counts'>,
  actor: UserActor,
  resource: Resource<M>,
  grant: Grant<M>,
  view: ListView,
  narrowed: RawBuilder<SqlBool> | null,
): Promise<Page<Option>> {
  const json = sql<string>`json_build_object('id', ${sql.ref(`${resource.table}.id`)},
    'name', ${resource.titleSql(resource.table)}, 'hint', ${hintOf(resource)})::text`
  const source = sourceOf(resource, grant, view, actor)
  if (!narrowed) return list<Option>(db, actor, view, { ...source, json })
  const matching: typeof source.matching = (q, how) => source.matching(q, how).where(narrowed)
  return list<Option>(db, actor, view, { ...source, json, matching, skewed: true })
}

/** Which of some records may be chosen, with names, in the given order. */
async function optionsAmong<M extends Model>(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  resource: Resource<M>,
  grant: Grant<M>,
  ids: readonly string[],
  narrowed: RawBuilder<SqlBool> | null,
): Promise<{ id: string; name: string }[]> {
  if (!ids.length) return []
  const { table, soft, declared } = resource
  const there = soft ? sql`${sql.ref(`${table}.deleted_at`)} is null` : sql`true`
  const text = sql<{
    id: string
    name: string
  }>`select ${sql.ref(`${table}.id`)}, ${resource.titleSql(table)} as name
    from ${sql.table(table)} join unnest(${ids}::uuid[]) with ordinality as asked (id, place) on asked.id = ${sql.ref(`${table}.id`)}
    where ${there} and ${declared.baseFilter?.(table) ?? sql`true`} and ${grant.where(table)} and ${narrowed ?? sql`true`} order by asked.place`
  return db.readAs(actor, (q) => statement(q, text))
}

/** Narrowings of a form's options, as query parameters. */
export type Query = Readonly<Record<string, string>>

/** A form's options: their URL, pages of them, and which of some records are among them. */
export async function offerOf(db: Door, actor: UserActor, resource: Resource, grant: Grant, query: Query) {
  const view = (more: Query) => optionsQuery(resource).parse({ ...query, ...more })
  const narrowed = await narrowedBy(db, actor, resource, view({}))
  const search = new URLSearchParams(query).toString()
  return {
    url: pathsOf(resource.path).options + (search ? `?${search}` : ''),
    page: async (limit: number, q = '') => {
      const asked = view({ ...(q ? { q } : {}), limit: String(limit) })
      const found = await optionsOf(db, actor, resource, grant, asked, narrowed)
      return { options: found.rows(), more: found.next !== null }
    },
    among: (ids: readonly string[]) => optionsAmong(db, actor, resource, grant, ids, narrowed),
  }
}
