import { type RawBuilder, type SqlBool, sql } from 'kysely'
import {
  type AccessModel,
  type AsParent,
  isAsParent,
  isPlacement,
  modelOf,
  type Through,
} from '#src/access/model.ts'
import type { Model, Scope } from '#src/access/permission.ts'
import { Forbidden } from '#src/errors.ts'

/** The user and groups that a filter is built for. */
export type Principal = { readonly userId: string | null; readonly groups: readonly string[] }

/** One way a row can be within scope. Both a Grant's filter and its explanation are built from these. */
export type Match = {
  readonly scope: Scope
  /** The declared column it uses, as `table.column` if through another table; null for every row. */
  readonly column: string | null
  readonly condition: RawBuilder<SqlBool>
}

/** A parent's matches, as conditions on its child row. */
type Beneath = { by: string; within: (condition: RawBuilder<SqlBool>) => RawBuilder<SqlBool>; matches: Tree }
type Tree = readonly (Match | Beneath)[]

/** `few` looks rows up from their groups instead of checking each row's groups. */
type How = { few?: boolean }

const made = Symbol('made by require')

/**
 * The key to the rows of one model for one action, and the filter that goes with it. Only an actor's `require` or
 * `find` makes one, so a query that takes a `Grant<'user', 'read'>` can't be called without the check.
 */
export class Grant<M extends Model = Model, A extends string = string> {
  readonly model: M
  readonly action: A
  readonly scopes: ReadonlySet<Scope>
  readonly holder: Principal
  /** The one column it is limited to; null for every declared one. */
  readonly column: string | null

  constructor(
    key: typeof made,
    model: M,
    action: A,
    scopes: ReadonlySet<Scope>,
    holder: Principal,
    column: string | null = null,
  ) {
    if (key !== made) throw new Error('a Grant comes from require')
    this.model = model
    this.action = action
    this.scopes = scopes
    this.holder = holder
    this.column = column
  }

  /** Every row of the organization. */
  get all(): boolean {
    return this.scopes.has('all')
  }

  /** Identifies the rows within scope: two Grants of a model with equal `reach` reach the same rows. */
  get reach(): string {
    if (this.all) return 'all'
    return `${[...this.scopes].sort()} ${this.holder.userId} ${this.holder.groups} ${this.column ?? ''}`
  }

  /**
   * The same Grant limited to one column: for an action that joins two groups, the one its permission is about.
   * @throws if the model doesn't declare the column
   */
  on(column: string): Grant<M, A> {
    const { own, group } = modelOf(this.model)
    if (![...own, ...group].some((way) => nameOf(way) === column))
      throw new Error(`${this.model} declares no column ${column}`)
    return new Grant(made, this.model, this.action, this.scopes, this.holder, column)
  }

  /**
   * The SQL condition for the rows within scope.
   * @param table name or alias of the model's table in the statement
   */
  where(table: string = modelOf(this.model).table, how: How = {}): RawBuilder<SqlBool> {
    return this.all ? sql<SqlBool>`true` : anyOf(this.#tree(modelOf(this.model), table, how))
  }

  /** Every way a row may be within scope, narrowest first; `where` requires any of them. */
  matches(table: string = modelOf(this.model).table, how: How = {}): Match[] {
    const matches = flat(this.#tree(modelOf(this.model), table, how))
    return this.all ? [...matches, { scope: 'all', column: null, condition: sql`true` }] : matches
  }

  /** @param depth number of parents in between; each gets its own alias */
  #tree(model: AccessModel, table: string, how: How, depth = 0): Tree {
    const { userId, groups } = this.holder
    const tree: (Match | Beneath)[] = []
    const spoken = (way: string | Through | AsParent) =>
      depth > 0 || this.column === null || nameOf(way) === this.column
    if (this.scopes.has('own') && userId)
      for (const way of model.own.filter(spoken))
        tree.push(
          isAsParent(way)
            ? this.#beneath(model, way, { scope: 'own', table, how, depth })
            : { scope: 'own', column: way, condition: sql`${sql.ref(`${table}.${way}`)} = ${userId}` },
        )
    if (this.scopes.has('group') && groups.length)
      for (const way of model.group.filter(spoken))
        tree.push(
          isAsParent(way)
            ? this.#beneath(model, way, { scope: 'group', table, how, depth })
            : {
                scope: 'group',
                column: columnOf(way),
                condition: inGroups(table, way, groups, how.few ?? false),
              },
        )
    return tree
  }

  #beneath(
    child: AccessModel,
    { parent, by }: AsParent,
    { scope, table, how, depth }: { scope: Scope; table: string; how: How; depth: number },
  ): Beneath {
    const model = modelOf(parent)
    const [above, below] = [`parent_${depth}`, `child_${depth}`]
    const parents = sql`${sql.table(model.table)} as ${sql.ref(above)}`
    const narrowed = new Grant(made, this.model, this.action, new Set([scope]), this.holder)
    const within = (condition: RawBuilder<SqlBool>) =>
      sql<SqlBool>`exists (select from ${parents} where ${sql.ref(`${above}.org_id`)} = ${sql.ref(`${table}.org_id`)}
        and ${sql.ref(`${above}.id`)} = ${sql.ref(`${table}.${by}`)} and ${condition} offset 0)`
    // by their ids, so that the planner doesn't walk the whole list for the few that are children
    const lookedUp = (condition: RawBuilder<SqlBool>) =>
      sql<SqlBool>`${sql.ref(`${table}.id`)} = any(array(select ${sql.ref(`${below}.id`)}
        from ${sql.table(child.table)} as ${sql.ref(below)} where ${sql.ref(`${below}.${by}`)} = any(array(
          select ${sql.ref(`${above}.id`)} from ${parents} where ${condition}))))`
    return {
      by,
      matches: narrowed.#tree(model, above, how, depth + 1),
      within: how.few ? lookedUp : within,
    }
  }

  /**
   * How many rows other tables bring within scope, counted up to one past a limit; null if none does.
   */
  entries(most: number): RawBuilder<{ entries: number }> | null {
    if (this.all) return null
    const { table, own, group } = modelOf(this.model)
    const limit = sql`limit ${sql.lit(most + 1)}`
    const through = this.scopes.has('group') ? group.filter((way) => typeof way !== 'string') : []
    const rows = through
      .filter((way) => !isAsParent(way))
      .map((way) => {
        const { table: via, column } = way as Through
        return sql`(select from ${sql.table(via)} as via where ${sql.ref(`via.${column}`)} = any(${this.holder.groups}::uuid[]) ${limit})`
      })
    const parents = [...(this.scopes.has('own') ? own : []), ...through].filter(isAsParent)
    if (parents.length) {
      const beneath = this.#tree(modelOf(this.model), 'child', { few: true }).filter((one) => 'by' in one)
      rows.push(sql`(select from ${sql.table(table)} as child where ${anyOf(beneath)} ${limit})`)
    }
    if (!rows.length) return null
    return sql`select count(*)::int as entries from (${sql.join(rows, sql` union all `)}) reached`
  }

  /**
   * Checks the values a write puts into placement columns (owner, group): each of them must be in scope, not just one.
   * Parents are checked on the row itself: see `placedBy`.
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
    if (foreign) throw this.misplaced()
  }

  /** Whether a row is in scope through the parent that a column names. */
  placedBy(column: string, table: string): RawBuilder<SqlBool> {
    const model = modelOf(this.model)
    if (this.all || !isPlacement(model, column)) return sql<SqlBool>`true`
    return anyOf(this.#tree(model, table, {}).filter((one) => 'by' in one && one.by === column))
  }

  /** The error for a write that places a row out of its writer's scope. */
  misplaced(): Forbidden {
    return new Forbidden(`${this.model}:${this.action}`, 'You can’t put a record there.')
  }
}

/** The column that a way is declared by. */
const nameOf = (way: string | Through | AsParent) =>
  typeof way === 'string' ? way : isAsParent(way) ? way.by : way.column

const anyOf = (tree: Tree): RawBuilder<SqlBool> =>
  tree.length ? sql<SqlBool>`(${sql.join(tree.map(conditionOf), sql` or `)})` : sql<SqlBool>`false`

const conditionOf = (one: Match | Beneath): RawBuilder<SqlBool> =>
  'by' in one ? one.within(anyOf(one.matches)) : one.condition

const flat = (tree: Tree): Match[] =>
  tree.flatMap((one) =>
    'by' in one
      ? flat(one.matches).map(({ scope, column, condition }) => ({
          scope,
          column: `${one.by}.${column}`,
          condition: one.within(condition),
        }))
      : [one],
  )

/** How a declared way to a group is shown to people. */
const columnOf = (way: string | Through) => (typeof way === 'string' ? way : `${way.table}.${way.column}`)

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

/** The groups a row belongs to by each declared way: queries of one column, named like the matches. */
export function groupsBy(
  { group }: AccessModel,
  table: string,
  depth = 0,
): { column: string; groups: RawBuilder<string> }[] {
  return group.flatMap((way) => {
    if (typeof way === 'string')
      return [{ column: way, groups: sql<string>`select ${sql.ref(`${table}.${way}`)}` }]
    if (!isAsParent(way)) {
      const groups = sql<string>`select ${sql.ref(`via.${way.column}`)} ${through(table, way)} and ${sinceThen(way)}`
      return [{ column: columnOf(way), groups }]
    }
    const { table: parents } = modelOf(way.parent)
    const alias = `parent_${depth}`
    return groupsBy(modelOf(way.parent), alias, depth + 1).map(({ column, groups }) => ({
      column: `${way.by}.${column}`,
      groups: sql<string>`select way.id from ${sql.table(parents)} as ${sql.ref(alias)}, lateral (${groups}) way(id)
        where ${sql.ref(`${alias}.org_id`)} = ${sql.ref(`${table}.org_id`)} and ${sql.ref(`${alias}.id`)} = ${sql.ref(`${table}.${way.by}`)}`,
    }))
  })
}

/** For actors and explanations only. */
export const grant = <M extends Model, A extends string>(
  model: M,
  action: A,
  held: ReadonlySet<Scope>,
  holder: Principal,
): Grant<M, A> => new Grant(made, model, action, held, holder)
