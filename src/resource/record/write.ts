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
 * A record after a write: as JSON, its version, and whether the writer can read it. `pending`: somebody else still has
 * to agree to it. `unchanged`: it was so already, and nothing was written.
 */
export type SavedRecord = {
  id: string
  json: string
  version: number
  readable: boolean
  pending?: boolean
  unchanged?: boolean
}

/** A record that is locked for a change. */
export type Target = SavedRecord & { row: () => RecordRow }

/** What is known of a record to whoever can do something to it, and can neither read nor change it. */
export const onlyVersion = z.strictObject({ id: z.guid(), version: z.int() }).meta({ id: 'only_version' })

/** Whether a record is shown to somebody who writes it: they can read it, or change it in its form. */
const shown = (resource: Resource, actor: UserActor): RawBuilder<SqlBool> =>
  sql`(${reachedBy(resource, actor, 'read')} or ${reachedBy(resource, actor, 'update')})`

/** What a write answers of a record that was there before. */
const writtenJson = (resource: Resource, actor: UserActor): RawBuilder<string> =>
  sql`case when ${shown(resource, actor)} then ${recordJson(resource, actor)}
    else json_build_object('id', ${sql.ref(`${resource.table}.id`)}, 'version', ${sql.ref(`${resource.table}.version`)})::text end`

/** Columns of a record by name. */
export type Fields = Record<string, unknown>

/** Says at which field a taken name stands, and which reference names nothing in this organization. */
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

/** Whose a new record is where nobody says so: the maker's, or their one group's where they work for that. */
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
 * What a new record holds: whose it is, and only where its maker may place it.
 * @throws {Forbidden}; 422 where a group has to be named
 */
export function newValues(resource: Resource, actor: UserActor, grant: Grant, input: Fields): Fields {
  const placed = owned(resource, actor, grant, input)
  place(resource, grant, placed)
  return { ...placed, created_by: actor.userId }
}

/**
 * Makes a record, checked as it will be: in scope, and placed only where the maker may place.
 * @throws {Forbidden} outside of the Grant; 409 at a taken field
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
 * Locks a record for what the Grant is for: what it reaches can be done, whatever else the actor can read. Outside it
 * what they read is refused, and all else does not exist.
 * @param version that the writer has seen; another one by now is a 412, with the row as it stands where it is shown to them
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

/** What a change names that isn't so already. */
export const changedOf = (change: Fields, was: object): Fields =>
  Object.fromEntries(
    Object.entries(change).filter(
      ([name, value]) => value !== undefined && differs(value, (was as Fields)[name]),
    ),
  )

/** Changes what is named; whose it becomes has to be in scope as well. */
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

/** Sets columns of a record that is locked, and looks at it again through the Grant. */
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

/** Takes a record away: so that it can be brought back, where the entity keeps what is deleted. */
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

/** Brings a deleted record back; a name taken meanwhile is a 409. */
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

/** A record that somebody would bring back, where it is there: it stays as it is. */
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

/** A record as it stands, for whoever has just written what belongs to it. */
export const reloadRecord = (
  tx: Tx,
  resource: Resource,
  actor: UserActor,
  id: string,
): Promise<SavedRecord> => answered(tx, resource, actor, id, writtenJson(resource, actor))

/** A record that was just made: whoever made it knows what it holds. */
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
