import { sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { COUNT_CAP } from '#src/db/paging.ts'
import type { Resource } from '#src/resource/entity.ts'
import { saysNow } from '#src/resource/kinds/ending.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { nearest, reachesFew, selected, statement } from '#src/resource/list/query.ts'
import { sourceOf } from '#src/resource/list/source.ts'

/** How many rows a filter's value has, given the search and the other filters; exact up to the cap. */
export type Facet = { value: string; count: number; lower_bound: boolean }

export const facetsAnswer = z.strictObject({
  data: z.record(
    z.string(),
    z.array(z.strictObject({ value: z.string(), count: z.int(), lower_bound: z.boolean() })),
  ),
})

/** Filters with countable values, with those values. */
export const countable = ({
  columns,
}: Pick<Resource, 'columns'>): [name: string, values: readonly string[]][] =>
  Object.entries(columns).flatMap(([name, column]) => {
    const { filterable, kind } = column
    const values = kind.values?.(column) ?? []
    return filterable && values.length ? [[name, values]] : []
  })

/** Counts of every value of every such filter, within the Grant, in one statement. */
export async function facetsOf<M extends Model>(
  db: Pick<Database, 'readAs'>,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M>,
  view: ListView,
): Promise<Record<string, Facet[]>> {
  const all = countable(resource)
  if (!all.length) return {}
  const near = await reachesFew(db, actor, sourceOf(resource, grant, view, actor))
  const rows = await db.readAs<{ name: string; value: string; count: number }>(actor, (q) => {
    const parts = all.flatMap(([name, values]) =>
      values.map((value) => {
        const some = rowsWith(q, resource, actor, grant, view, name, value, near)
        return sql`(select ${name}::text as name, ${value}::text as value, count(*)::int as count from ${some} as hits)`
      }),
    )
    return statement(
      q,
      sql<{ name: string; value: string; count: number }>`${sql.join(parts, sql` union all `)}`,
    )
  })
  const facet = ({ value, count }: (typeof rows)[number]): Facet => ({
    value,
    count: Math.min(count, COUNT_CAP),
    lower_bound: count > COUNT_CAP,
  })
  return Object.fromEntries(all.map(([name]) => [name, rows.filter((row) => row.name === name).map(facet)]))
}

function rowsWith<M extends Model>(
  db: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M>,
  view: ListView,
  name: string,
  value: string,
  near: boolean,
) {
  const column = sql.ref(`${resource.table}.${name}`)
  const others = { ...view, conditions: view.conditions.filter((condition) => condition.name !== name) }
  const flag = resource.columns[name]?.kind.type === 'boolean'
  const source = sourceOf(resource, grant, others, actor)
  return selected(db, near ? nearest(source) : source)
    .where(
      flag
        ? sql<boolean>`${column} = ${value}::boolean`
        : saysNow(resource.table, name, resource.columns, value),
    )
    .select(sql`1`.as('one'))
    .limit(sql.lit(COUNT_CAP + 1))
}
