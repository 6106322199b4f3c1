import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { modelOf, type Through } from '#src/access/model.ts'
import type { Model, Scope } from '#src/access/permission.ts'

/** Whose scopes a filter is made for. */
export type Holder = { readonly userId: string | null; readonly groups: readonly string[] }

/** Refused: 403. The message doesn't say which permission is missing. */
export class Forbidden extends Error {
  /** For the trail, not for the answer. */
  readonly wanted: string
  constructor(wanted: string, message = 'You may not do this.') {
    super(message)
    this.wanted = wanted
  }
}

const made = Symbol('made by require')

/**
 * The key to the rows of one model for one action, and the filter that goes with it. Only an actor's `require`
 * makes one, so a query that takes a `Grant<'user', 'read'>` can't be called without the check.
 */
export class Grant<M extends Model = Model, A extends string = string> {
  readonly model: M
  readonly action: A
  readonly scopes: ReadonlySet<Scope>
  readonly holder: Holder

  constructor(key: typeof made, model: M, action: A, scopes: ReadonlySet<Scope>, holder: Holder) {
    if (key !== made) throw new Error('a Grant comes from require')
    this.model = model
    this.action = action
    this.scopes = scopes
    this.holder = holder
  }

  /** Every row of the organization. */
  get all(): boolean {
    return this.scopes.has('all')
  }

  /** Names the rows within scope: two Grants of a model with the same reach reach the same rows. */
  get reach(): string {
    return this.all ? 'all' : `${[...this.scopes].sort()} ${this.holder.userId} ${this.holder.groups}`
  }

  /**
   * The SQL condition for the rows within scope.
   * @param table name or alias under which the statement knows the model's table
   */
  where(table: string = modelOf(this.model).table): RawBuilder<SqlBool> {
    if (this.all) return sql<SqlBool>`true`
    const { own, group } = modelOf(this.model)
    const { userId, groups } = this.holder
    const conditions: RawBuilder<SqlBool>[] = []
    if (this.scopes.has('own') && userId) {
      for (const column of own) conditions.push(sql<SqlBool>`${sql.ref(`${table}.${column}`)} = ${userId}`)
    }
    if (this.scopes.has('group') && groups.length) {
      for (const way of group) conditions.push(inGroups(table, way, groups))
    }
    return conditions.length ? sql<SqlBool>`(${sql.join(conditions, sql` or `)})` : sql<SqlBool>`false`
  }

  /**
   * Checks what a write puts into a placement column (owner, group): every one must be in scope, not just one.
   * @throws {Forbidden}
   */
  place(values: { users?: readonly (string | null)[]; groups?: readonly (string | null)[] }): void {
    if (this.all) return
    const { userId, groups } = this.holder
    const inGroup = (id: string) => this.scopes.has('group') && groups.includes(id)
    const mine = (id: string) => id === userId
    const foreign =
      values.users?.some((id) => id !== null && !mine(id)) ||
      values.groups?.some((id) => id !== null && !inGroup(id))
    if (foreign) throw new Forbidden(`${this.model}:${this.action}`, 'You may not place a record there.')
  }
}

function inGroups(table: string, way: string | Through, groups: readonly string[]): RawBuilder<SqlBool> {
  if (typeof way === 'string') return sql<SqlBool>`${sql.ref(`${table}.${way}`)} = any(${groups}::uuid[])`
  const { table: via, key, of, column } = way
  return sql<SqlBool>`exists (select from ${sql.table(via)} as via where via.org_id = ${sql.ref(`${table}.org_id`)}
    and ${sql.ref(`via.${key}`)} = ${sql.ref(`${table}.${of}`)} and ${sql.ref(`via.${column}`)} = any(${groups}::uuid[]))`
}

/** For actors alone. */
export const grant = <M extends Model, A extends string>(
  model: M,
  action: A,
  held: ReadonlySet<Scope>,
  holder: Holder,
): Grant<M, A> => new Grant(made, model, action, held, holder)
