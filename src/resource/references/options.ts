import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Database } from '#src/db/database.ts'
import type { Page } from '#src/db/paging.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { list } from '#src/resource/list/query.ts'
import { sourceOf } from '#src/resource/record/query.ts'

/** A record to choose: its name, and what tells it from others of the same name. */
export type Option = { id: string; name: string; hint: string | null }

export const option = z
  .strictObject({ id: z.guid(), name: z.string(), hint: z.string().nullable() })
  .meta({ id: 'option' })

/** What tells records of the same name apart: the first column of text that isn't the name. */
export function hintOf({ table, columns, declared }: Resource): RawBuilder<string | null> {
  const [name] =
    Object.entries(columns).find(
      ([name, { kind }]) => name !== declared.title && (kind === 'text' || kind === 'email'),
    ) ?? []
  return name ? sql<string>`${sql.ref(`${table}.${name}`)}::text` : sql<null>`null::text`
}

/** The records that may be chosen: those of the list, with its search and its pages, within the Grant. */
export function optionsOf<M extends Model>(
  db: Pick<Database, 'readAs' | 'counts'>,
  actor: UserActor,
  resource: Resource<M>,
  grant: Grant<M>,
  view: ListView,
): Promise<Page<Option>> {
  const json = sql<string>`json_build_object('id', ${sql.ref(`${resource.table}.id`)},
    'name', ${resource.titleSql(resource.table)}, 'hint', ${hintOf(resource)})::text`
  return list<Option>(db, actor, view, { ...sourceOf(resource, grant, view, actor), json })
}
