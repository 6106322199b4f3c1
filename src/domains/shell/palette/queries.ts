import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import type { Entry } from '#src/domains/shell/palette/entries.ts'
import { pathsOf } from '#src/paths.ts'
import { allResources, type Resource } from '#src/resource/entity.ts'
import {
  entries,
  probed,
  ranked,
  type Search,
  searched,
  searchFor,
  wordsIn,
} from '#src/resource/list/search.ts'
import { hintOf } from '#src/resource/references/options.ts'

/** Of each entity. */
const MOST = 5
/** Of an entity, where a word is common. */
const AMONG = 3000

type Finder = { resource: Resource; grant: Grant; search: Search }
type Hit = { model: string; id: string; title: string; hint: string | null }

/**
 * Records by their words, of every entity that is searched and within the reader's Grant for it.
 * @param pages that there are: what has none can't be gone to
 */
export async function findRecords(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  q: string,
  pages: ReadonlySet<string>,
): Promise<Entry[]> {
  const finders = allResources().flatMap((resource): Finder[] => {
    // many permissions have the words of everything else: they are asked for by their own sign
    const wanted = resource.model.name !== 'permission' || q.includes(':')
    const there = wanted && resource.declared.searched && pages.has(resource.path)
    const grant = there ? actor.find(resource.may('read')) : null
    const search = searchFor(...wordsIn(resource.model.name, q))
    return grant && search ? [{ resource, grant, search }] : []
  })
  if (!finders.length) return []
  const read = <T>(parts: RawBuilder<T>[]) =>
    db.readAs<T>(actor, (cold) => ({
      compile: () => sql<T>`${sql.join(parts, sql` union all `)}`.compile(cold),
    }))
  const counted = await read(finders.map(telling))
  const counts = new Map(counted.map((row) => [row.model, row.entries]))
  const hits = await read(
    finders.map((finder) => first(finder, counts.get(finder.resource.model.name) ?? [])),
  )
  const resources = new Map<string, Resource>(finders.map(({ resource }) => [resource.model.name, resource]))
  return hits.flatMap(({ model, id, title, hint }) => {
    const found = resources.get(model)
    return found ? [{ title, hint, icon: found.declared.icon, path: pathsOf(found.path).one(id) }] : []
  })
}

/** How telling each word is: it decides with which the search begins. */
const telling = ({ resource, search }: Finder) => sql<{ model: string; entries: number[] }>`
  select ${resource.model.name}::text as model, e.entries from (${entries(search)}) e`

/** The first of an entity, in the order of its list. */
function first({ resource, grant, search: asked }: Finder, counts: readonly number[]): RawBuilder<Hit> {
  const { search, few } = ranked(asked, counts)
  const { table, soft, declared, list } = resource
  const [column] = list.sorts[list.defaultSort.replace(/^-/, '')] ?? ['id']
  const order = sql`${sql.ref(`${table}.${column}`)} ${list.defaultSort.startsWith('-') ? sql`desc` : sql`asc`}`
  const alive = soft ? sql`and ${sql.ref(`${table}.deleted_at`)} is null` : sql``
  const filter = declared.baseFilter ? sql`and ${declared.baseFilter(table)}` : sql``
  const there = sql`${grant.where(table)} ${alive} ${filter}`
  // common words: among those that come first, which are many enough
  const rows = few
    ? sql`${sql.table(table)} where ${there} and ${searched(table, search)}`
    : sql`(select * from ${sql.table(table)} where ${there} order by ${order} limit ${sql.lit(AMONG)}) as ${sql.ref(table)}
        where ${probed(table, search)}`
  return sql`(select ${resource.model.name}::text as model, ${sql.ref(`${table}.id`)}::text as id,
      ${resource.titleSql(table)} as title, ${hintOf(resource)} as hint
    from ${rows} order by ${order} limit ${sql.lit(MOST)})`
}
