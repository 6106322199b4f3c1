import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Acting, Database, Tx } from '#src/db/database.ts'
import { notFound } from '#src/errors.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import { recordJson, type Table } from '#src/resource/list/source.ts'

/** One record, and what the reader may do with it. */
export type FoundRecord = { id: string; json: string; version: number; update: boolean; delete: boolean }

/** Condition: the actor's Grant for an action, if any, reaches the row. */
export const reachedBy = (resource: Resource, actor: UserActor, action: string): RawBuilder<SqlBool> =>
  actor.find(resource.may(action))?.where(resource.table) ?? sql<SqlBool>`false`

/** One record, deleted or not, and whether the reader's other Grants reach it. */
export function findRecord<M extends Model>(
  db: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M>,
  id: string,
) {
  const { declared } = resource
  const table = resource.table as Table
  const query = db
    .selectFrom(table)
    .where(sql<boolean>`${sql.ref(`${table}.id`)} = ${id}`)
    .where(actor.sees(grant, table))
    .select([
      sql<string>`${sql.ref(`${table}.id`)}`.as('id'),
      sql<number>`${sql.ref(`${table}.version`)}`.as('version'),
      recordJson(resource, actor).as('json'),
      reachedBy(resource, actor, 'update').as('update'),
      reachedBy(resource, actor, 'delete').as('delete'),
    ])
    .$castTo<FoundRecord>()
  return declared.baseFilter ? query.where(declared.baseFilter(table)) : query
}

/** @throws {NotFound} if no such record exists for the Grant's action */
export async function readRecord<M extends Model>(
  db: Pick<Database, 'readAs'>,
  resource: Resource<M>,
  actor: UserActor & Acting,
  grant: Grant<M>,
  id: string,
): Promise<FoundRecord & { row: () => RecordRow }> {
  const [found] = await db.readAs(actor, (q) => findRecord(q, resource, actor, grant, id), { prepared: true })
  if (!found) throw notFound()
  return { ...found, row: () => JSON.parse(found.json) }
}
