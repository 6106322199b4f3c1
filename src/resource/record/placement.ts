import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { isPlacement, parentsOf } from '#src/access/model.ts'
import { Conflict, type DomainError, invalid } from '#src/errors.ts'
import { type Resource, resourceOf } from '#src/resource/entity.ts'

/** Columns of a record by name. */
type Fields = Readonly<Record<string, unknown>>

/** A parent that a row can't have: deleted, hidden from the writer, or out of the writer's scope. */
export type Misplaced = { column: string; why: 'deleted' | 'unseen' | 'out of reach' }

/** Checks every owner and group column that is written. @throws {Forbidden} */
export function place({ model }: Resource, grant: Grant, values: Fields): void {
  const of = (ways: readonly unknown[], owner: string) =>
    [...ways, owner]
      .filter((way): way is string => typeof way === 'string' && isPlacement(model, way))
      .map((name) => (values[name] ?? null) as string | null)
  grant.place({ users: of(model.own, 'owner_user_id'), groups: of(model.group, 'owner_group_id') })
}

/** Whether a new record is already placed, so that no group has to be named. */
export const isPlaced = ({ model }: Resource, values: Fields): boolean =>
  [...parentsOf(model).keys(), ...model.group]
    .filter((way): way is string => typeof way === 'string' && isPlacement(model, way))
    .some((name) => values[name] !== undefined && values[name] !== null)

/**
 * The first invalid parent of a row as it will be, or null. Checked in the statement that writes the row, since the
 * parent's own row decides whose it is.
 * @param columns the written columns
 */
export function misplacedBy(
  { table, model }: Resource,
  actor: UserActor,
  grant: Grant,
  columns: readonly string[],
): RawBuilder<Misplaced | null> {
  const parents = [...parentsOf(model)].filter(([by]) => columns.includes(by))
  if (!parents.length) return sql`null`
  const cases = parents.flatMap(([by, name]) => {
    const parent = resourceOf(name)
    if (!parent) return []
    const row = sql.ref(`${table}.${by}`)
    const there = (condition: RawBuilder<SqlBool>) =>
      sql<SqlBool>`exists (select from ${sql.table(parent.table)} as parent where parent.org_id = ${sql.ref(`${table}.org_id`)}
        and parent.id = ${row} and ${condition})`
    const gone: RawBuilder<SqlBool> = parent.soft ? sql`parent.deleted_at is not null` : sql`false`
    const seen = actor.find(parent.may('read'))?.where('parent') ?? sql<SqlBool>`false`
    const when = (wrong: RawBuilder<SqlBool>, why: Misplaced['why']) =>
      sql`when ${row} is not null and ${wrong} then json_build_object('column', ${by}::text, 'why', ${why}::text)`
    const outside = sql<SqlBool>`(${grant.placedBy(by, table)}) is not true`
    return [
      when(sql`${outside} and not ${there(seen)}`, 'unseen'),
      when(outside, 'out of reach'),
      when(there(gone), 'deleted'),
    ]
  })
  return cases.length ? sql`case ${sql.join(cases, sql` `)} end` : sql`null`
}

/** A parent that the writer can't see is reported as missing. */
export const refusalOf = (grant: Grant, { column, why }: Misplaced): DomainError =>
  why === 'out of reach'
    ? grant.misplaced()
    : invalid([{ path: column, message: 'doesn’t exist, or you don’t have access' }])

/** The refusal for restoring a record whose parent is gone or out of scope. */
export function restoring(grant: Grant, { model }: Resource, { column, why }: Misplaced): DomainError {
  const parent = resourceOf(parentsOf(model).get(column) ?? '')
  if (why === 'out of reach' || !parent) return grant.misplaced()
  return new Conflict(`Restore the ${parent.declared.one} first.`)
}
