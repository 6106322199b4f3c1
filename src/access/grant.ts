import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { modelOf, type Through } from '#src/access/model.ts'
import type { Model, Scope } from '#src/access/permission.ts'
import { Forbidden } from '#src/errors.ts'

/** Whose scopes a filter is made for. */
export type Principal = { readonly userId: string | null; readonly groups: readonly string[] }

/** One way by which a row comes within scope. A Grant's filter is made of these, and so is what explains it. */
export type Match = {
  readonly scope: Scope
  /** The declared column that it goes by, as `table.column` through another table; null for every row. */
  readonly column: string | null
  readonly condition: RawBuilder<SqlBool>
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
  readonly holder: Principal

  constructor(key: typeof made, model: M, action: A, scopes: ReadonlySet<Scope>, holder: Principal) {
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
   * @param how.few looks rows up from their groups, in place of a look at each row's groups: see `entries`
   */
  where(table: string = modelOf(this.model).table, how: { few?: boolean } = {}): RawBuilder<SqlBool> {
    if (this.all) return sql<SqlBool>`true`
    const conditions = this.matches(table, how).map(({ condition }) => condition)
    return conditions.length ? sql<SqlBool>`(${sql.join(conditions, sql` or `)})` : sql<SqlBool>`false`
  }

  /** Every way by which a row may be within scope, the narrowest first; `where` is that one of them holds. */
  matches(table: string = modelOf(this.model).table, { few = false }: { few?: boolean } = {}): Match[] {
    const { own, group } = modelOf(this.model)
    const { userId, groups } = this.holder
    const matches: Match[] = []
    if (this.scopes.has('own') && userId) {
      for (const column of own)
        matches.push({ scope: 'own', column, condition: sql`${sql.ref(`${table}.${column}`)} = ${userId}` })
    }
    if (this.scopes.has('group') && groups.length) {
      for (const way of group)
        matches.push({ scope: 'group', column: columnOf(way), condition: inGroups(table, way, groups, few) })
    }
    if (this.all) matches.push({ scope: 'all', column: null, condition: sql`true` })
    return matches
  }

  /**
   * How many rows other tables bring within scope, counted up to one past a limit; null where no other table says so.
   */
  entries(most: number): RawBuilder<{ entries: number }> | null {
    if (this.all || !this.scopes.has('group')) return null
    const others = modelOf(this.model).group.filter((way) => typeof way !== 'string')
    if (!others.length) return null
    const rows = others.map(
      ({ table, column }) => sql`(select from ${sql.table(table)} as via
        where ${sql.ref(`via.${column}`)} = any(${this.holder.groups}::uuid[]) limit ${sql.lit(most + 1)})`,
    )
    return sql`select count(*)::int as entries from (${sql.join(rows, sql` union all `)}) reached`
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
    if (foreign) throw new Forbidden(`${this.model}:${this.action}`, 'You can’t put a record there.')
  }
}

/** How a declared way to a group is named to people. */
export const columnOf = (way: string | Through) =>
  typeof way === 'string' ? way : `${way.table}.${way.column}`

function inGroups(
  table: string,
  way: string | Through,
  groups: readonly string[],
  few: boolean,
): RawBuilder<SqlBool> {
  if (typeof way === 'string') return sql<SqlBool>`${sql.ref(`${table}.${way}`)} = any(${groups}::uuid[])`
  const within = sql`${sql.ref(`via.${way.column}`)} = any(${groups}::uuid[]) and ${sinceThen(way)}`
  return few
    ? sql<SqlBool>`${sql.ref(`${table}.${way.of}`)} = any(array(select ${sql.ref(`via.${way.key}`)} from ${sql.table(way.table)} as via where ${within}))`
    : // `offset` keeps the planner from gathering all rows of the groups before it looks at the first
      sql<SqlBool>`exists (select ${through(table, way)} and ${within} offset 0)`
}

const sinceThen = ({ begins }: Through) => {
  const from = sql.ref(`via.${begins}`)
  return begins ? sql`(${from} is null or ${from} <= now())` : sql`true`
}

const through = (table: string, { table: via, key, of }: Through) =>
  sql`from ${sql.table(via)} as via where via.org_id = ${sql.ref(`${table}.org_id`)}
    and ${sql.ref(`via.${key}`)} = ${sql.ref(`${table}.${of}`)}`

/** The groups that a row belongs to by a declared way, as a query of one column. */
export const groupsBy = (table: string, way: string | Through): RawBuilder<string> =>
  typeof way === 'string'
    ? sql<string>`select ${sql.ref(`${table}.${way}`)}`
    : sql<string>`select ${sql.ref(`via.${way.column}`)} ${through(table, way)} and ${sinceThen(way)}`

/** For actors, and for what explains them. */
export const grant = <M extends Model, A extends string>(
  model: M,
  action: A,
  held: ReadonlySet<Scope>,
  holder: Principal,
): Grant<M, A> => new Grant(made, model, action, held, holder)
