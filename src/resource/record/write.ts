import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { parentsOf } from '#src/access/model.ts'
import type { Model } from '#src/access/permission.ts'
import type { Tx } from '#src/db/database.ts'
import { conflict, Forbidden, invalid, notFound, stale } from '#src/errors.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import { recordJson } from '#src/resource/list/source.ts'
import {
  isPlaced,
  type Misplaced,
  misplacedBy,
  place,
  refusalOf,
  restoring,
} from '#src/resource/record/placement.ts'
import { findRecord, reachedBy } from '#src/resource/record/query.ts'

/**
 * A record after a write: its JSON, its version, and whether the writer can read it. `pending`: someone else still has
 * to agree. `unchanged`: nothing differed, so nothing was written.
 */
export type SavedRecord = {
  id: string
  json: string
  version: number
  readable: boolean
  pending?: boolean
  unchanged?: boolean
}

/** A record locked for a change. */
export type Target = SavedRecord & { row: () => RecordRow }

/** What a writer who can neither read nor change a record gets to know about it. */
export const onlyVersion = z.strictObject({ id: z.guid(), version: z.int() }).meta({ id: 'only_version' })

/** Condition: the writer may see the record, because they can read it or change it in its form. */
const shown = (resource: Resource, actor: UserActor): RawBuilder<SqlBool> =>
  sql`(${reachedBy(resource, actor, 'read')} or ${reachedBy(resource, actor, 'update')})`

/** The JSON a write returns for an existing record. */
const writtenJson = (resource: Resource, actor: UserActor): RawBuilder<string> =>
  sql`case when ${shown(resource, actor)} then ${recordJson(resource, actor)}
    else json_build_object('id', ${sql.ref(`${resource.table}.id`)}, 'version', ${sql.ref(`${resource.table}.version`)})::text end`

/** Columns of a record by name. */
export type Fields = Record<string, unknown>

/** Turns constraint errors into errors at fields: taken values, and references to missing records. */
export async function mapConstraintErrors<T>(
  { columns, declared: { taken } }: Pick<Resource, 'columns' | 'declared'>,
  write: Promise<T>,
): Promise<T> {
  return write.catch((error: { code?: string; constraint?: string }) => {
    const { code, constraint = '' } = error
    const known = code === '23505' ? taken?.[constraint] : undefined
    if (known) throw conflict(...known)
    // the database names a key after its columns: vendors_org_id_owner_group_id_fkey
    const names = (name: string) => columns[name]?.of && constraint.endsWith(`_${name}_fkey`)
    const path = code === '23503' ? Object.keys(columns).find(names) : undefined
    throw path ? invalid([{ path, message: 'doesn’t exist, or you don’t have access' }]) : error
  })
}

/** The default owner of a new record: its creator, or the creator's only group. */
function owned(resource: Resource, actor: UserActor, grant: Grant, input: Fields): Fields {
  if (!('owner_user_id' in resource.columns) || grant.all) return input
  const { scopes, holder } = grant
  if (scopes.has('own')) return { ...input, owner_user_id: input.owner_user_id ?? actor.userId }
  const only = holder.groups.length === 1 ? holder.groups[0] : null
  const group = input.owner_group_id ?? only
  if (!group && isPlaced(resource, input)) return input
  if (!group) throw invalid([{ path: 'owner_group_id', message: 'Choose one of your groups' }])
  return { ...input, owner_group_id: group }
}

/**
 * The values of a new record, with its owner, placed only where its creator may.
 * @throws {Forbidden} if placed out of scope
 * @throws {Invalid} if a group has to be named
 */
export function newValues(resource: Resource, actor: UserActor, grant: Grant, input: Fields): Fields {
  const placed = owned(resource, actor, grant, input)
  place(resource, grant, placed)
  return { ...placed, created_by: actor.userId }
}

/**
 * Creates a record and checks it as written: in scope, and placed only where its creator may.
 * @throws {Forbidden} outside the Grant
 * @throws {Conflict} at a taken field
 */
export async function createRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M, 'create'>,
  input: Fields,
): Promise<SavedRecord> {
  const { table } = resource
  const values = newValues(resource, actor, grant, input)
  const names = sql.join(Object.keys(values).map((name) => sql.ref(name)))
  const { rows } = await mapConstraintErrors(
    resource,
    sql<Written>`
      with made as (insert into ${sql.table(table)} (${names}) values (${sql.join(Object.values(values))}) returning *)
      select id, version, ${recordJson(resource, actor)} as json, ${reachedBy(resource, actor, 'read')} as readable,
        ${grant.where(table)} as in_scope, ${misplacedBy(resource, actor, grant, Object.keys(values))} as misplaced
      from made as ${sql.ref(table)}`.execute(tx),
  )
  return inScope(rows[0], grant)
}

type Written = SavedRecord & { in_scope: boolean; misplaced: Misplaced | null }

function inScope(
  row: Written | undefined,
  grant: Grant,
  refuse = (misplaced: Misplaced) => refusalOf(grant, misplaced),
): SavedRecord {
  if (!row) throw notFound()
  const { in_scope, misplaced, ...written } = row
  if (misplaced) throw refuse(misplaced)
  if (!in_scope)
    throw new Forbidden(
      `${grant.model}:${grant.action}`,
      'You can’t leave a record where you can’t reach it.',
    )
  return written
}

/**
 * Locks a record for the Grant's action.
 * @param version the version the writer has seen
 * @throws {NotFound} if the actor can neither do this to the record nor read it
 * @throws {Forbidden} if they can only read it
 * @throws {Stale} for another version, with the current record if they may see it
 */
export async function lockRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M>,
  id: string,
  { version = null, deleted = false }: { version?: number | null; deleted?: boolean } = {},
): Promise<Target> {
  const { table, soft, declared } = resource
  const narrow = declared.baseFilter?.(table) ?? sql`true`
  const gone: RawBuilder<boolean> = soft ? sql`${sql.ref(`${table}.deleted_at`)} is not null` : sql`false`
  const { rows } = await sql<SavedRecord & { shown: boolean; gone: boolean; in_scope: boolean }>`
    select id, version, ${recordJson(resource, actor)} as json, ${reachedBy(resource, actor, 'read')} as readable,
      ${shown(resource, actor)} as shown, ${gone} as gone, ${grant.where(table)} as in_scope
    from ${sql.table(table)} where ${sql.ref(`${table}.id`)} = ${id} and ${actor.sees(grant, table)} and ${narrow}
    for update of ${sql.ref(table)}`.execute(tx)
  const [found] = rows
  if (!found || found.gone !== deleted) throw notFound()
  if (!found.in_scope) throw new Forbidden(`${resource.model.name}:${grant.action}`)
  const { id: own, json, version: now, readable } = found
  if (version !== null && version !== now) throw stale(found.shown ? JSON.parse(json) : undefined)
  return { id: own, json, version: now, readable, row: () => JSON.parse(json) }
}

const differs = (value: unknown, was: unknown) =>
  Array.isArray(value) ? JSON.stringify(value) !== JSON.stringify(was) : value !== was

/** The values of a change that differ from the current ones. */
export const changedOf = (change: Fields, was: object): Fields =>
  Object.fromEntries(
    Object.entries(change).filter(
      ([name, value]) => value !== undefined && differs(value, (was as Fields)[name]),
    ),
  )

/** Changes the named columns; a new owner must be in scope as well. */
export async function updateRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M, 'update'>,
  id: string,
  change: Fields,
  version: number | null,
): Promise<SavedRecord> {
  const target = await lockRecord(tx, resource, actor, grant, id, { version })
  const changed = changedOf(change, target.row())
  if (!Object.keys(changed).length) return { ...target, unchanged: true }
  place(resource, grant, changed)
  return writeRecord(tx, resource, actor, grant, id, changed)
}

/** Sets columns of a locked record, and checks the result against the Grant. */
export async function writeRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M>,
  id: string,
  values: Fields,
): Promise<SavedRecord> {
  const { table } = resource
  const isRestored = values.deleted_at === null
  const columns = isRestored ? [...parentsOf(resource.model).keys()] : Object.keys(values)
  const set = sql.join(Object.entries(values).map(([name, value]) => sql`${sql.ref(name)} = ${value}`))
  const { rows } = await mapConstraintErrors(
    resource,
    sql<Written>`
      with changed as (update ${sql.table(table)} set ${set} where id = ${id} returning *)
      select id, version, ${writtenJson(resource, actor)} as json, ${reachedBy(resource, actor, 'read')} as readable,
        ${grant.where(table)} as in_scope, ${misplacedBy(resource, actor, grant, columns)} as misplaced
      from changed as ${sql.ref(table)}`.execute(tx),
  )
  return inScope(
    rows[0],
    grant,
    isRestored ? (misplaced) => restoring(grant, resource, misplaced) : undefined,
  )
}

/** Deletes a record; it can be restored if the entity keeps deleted records. */
export async function removeRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M, 'delete'>,
  id: string,
  version: number | null,
): Promise<void> {
  await lockRecord(tx, resource, actor, grant, id, { version })
  const { table, soft } = resource
  if (soft) await sql`update ${sql.table(table)} set deleted_at = now() where id = ${id}`.execute(tx)
  else await sql`delete from ${sql.table(table)} where id = ${id}`.execute(tx)
}

/** Restores a deleted record. @throws {Conflict} if a unique value was taken meanwhile */
export async function restoreRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M, 'delete'>,
  id: string,
): Promise<SavedRecord> {
  await lockRecord(tx, resource, actor, grant, id, { deleted: true })
  return writeRecord(tx, resource, actor, grant, id, { deleted_at: null })
}

/** A record to restore that isn't deleted: returned unchanged, or null. */
export async function presentRecord<M extends Model>(
  tx: Tx,
  resource: Resource<M>,
  actor: UserActor,
  grant: Grant<M, 'delete'>,
  id: string,
): Promise<SavedRecord | null> {
  const found = await findRecord(tx, resource, actor, grant, id).executeTakeFirst()
  if (!found?.delete || JSON.parse(found.json).deleted_at !== null) return null
  return { ...(await reloadRecord(tx, resource, actor, id)), unchanged: true }
}

/** The current record, after a write to something that belongs to it. */
export const reloadRecord = (
  tx: Tx,
  resource: Resource,
  actor: UserActor,
  id: string,
): Promise<SavedRecord> => answered(tx, resource, actor, id, writtenJson(resource, actor))

/** A record just created: its creator may see all of it. */
export const madeRecord = (tx: Tx, resource: Resource, actor: UserActor, id: string): Promise<SavedRecord> =>
  answered(tx, resource, actor, id, recordJson(resource, actor))

async function answered(
  tx: Tx,
  resource: Resource,
  actor: UserActor,
  id: string,
  json: RawBuilder<string>,
): Promise<SavedRecord> {
  const { rows } = await sql<SavedRecord>`select id, version, ${json} as json,
      ${reachedBy(resource, actor, 'read')} as readable
    from ${sql.table(resource.table)} where id = ${id}`.execute(tx)
  const [written] = rows
  if (!written) throw notFound()
  return written
}
