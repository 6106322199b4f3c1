import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Database } from '#src/db/database.ts'
import type { Page } from '#src/db/paging.ts'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import type { ListView } from '#src/http/list.ts'
import { pageJson, pageLinks } from '#src/http/page.ts'
import type { Given } from '#src/resource/given.ts'
import { list } from '#src/resource/list.ts'
import { pageAnswer } from '#src/resource/list-routes.tsx'
import { placesOf } from '#src/resource/places.ts'
import { sourceOf } from '#src/resource/query.ts'
import type { Resource } from '#src/resource/resource.ts'

/** A record to choose: its name, and what tells it from others of the same name. */
export type Option = { id: string; name: string; hint: string | null }

const option = z
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

/** `GET /<path>/options`: what a field that searches offers. */
export function optionsRoute<M extends Model>(resource: Resource<M>): Endpoint {
  const options = {
    only: 'json' as const,
    query: resource.query,
    answer: pageAnswer(option),
    summary: `List ${resource.declared.many} by name, to choose from`,
  }
  return get(placesOf(resource.path).options, can(resource.may('read')), options, async (call) => {
    const { c, db, actor, grant, query } = call as unknown as Given<M>
    const found = await optionsOf(db, actor, resource, grant, query)
    return { json: pageJson(found), headers: pageLinks(c, found) }
  })
}
