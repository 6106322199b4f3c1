import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Clock } from '#src/locale/clock.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import { saysNow } from '#src/resource/kinds/ending.ts'
import { type Condition, isDay } from '#src/resource/kinds/parameters.ts'
import type { ListView } from '#src/resource/list/declaration.ts'

/**
 * A list's filters as conditions on its table. A single value becomes an equality, so that the index of filter and sort
 * serves both.
 * @param table its name or alias in the statement
 * @param clock the reader's: decides when a day begins
 * @param columns those whose states end by themselves
 */
export function filtered(
  table: string,
  { conditions }: Pick<ListView, 'conditions'>,
  clock: Clock,
  columns: Readonly<Record<string, Column>> = {},
): RawBuilder<SqlBool> {
  if (!conditions.length) return sql<SqlBool>`true`
  return sql<SqlBool>`(${sql.join(
    conditions.map((condition) =>
      columns[condition.column]?.ends ? ending(table, condition, columns) : clause(table, condition, clock),
    ),
    sql` and `,
  )})`
}

const ending = (table: string, { column, values }: Condition, columns: Readonly<Record<string, Column>>) =>
  sql<SqlBool>`(${sql.join(
    values.map((value) => saysNow(table, column, columns, value)),
    sql` or `,
  )})`

function clause(table: string, { column, op, values, cast }: Condition, clock: Clock): RawBuilder<SqlBool> {
  const ref = sql.ref(`${table}.${column}`)
  const [value = ''] = values
  if (cast === 'timestamptz' && isDay(value)) return sql<SqlBool>`(${within(ref, op, value, clock)})`
  if (op === 'in' && values.length > 1) return sql<SqlBool>`${ref} = any(${values}::${sql.raw(cast)}[])`
  return sql<SqlBool>`${ref} ${sql.raw(op === 'in' ? '=' : op)} ${value}::${sql.raw(cast)}`
}

/** The time zone that a list's filters depend on, for cache keys; empty if they depend on none. */
export const zoneIn = ({ conditions }: Pick<ListView, 'conditions'>, clock: Clock) =>
  conditions.some(({ cast, values: [value = ''] }) => cast === 'timestamptz' && isDay(value))
    ? ` ${clock.zone}`
    : ''

/** Compares instants with a day: on it is from its start to its end, after it from its end on. */
function within(
  ref: RawBuilder<unknown>,
  op: Condition['op'],
  day: string,
  clock: Clock,
): RawBuilder<unknown> {
  const start = sql`${clock.startOf(day)}::timestamptz`
  const end = sql`${clock.endOf(day)}::timestamptz`
  if (op === '>=') return sql`${ref} >= ${start}`
  if (op === '<') return sql`${ref} < ${start}`
  if (op === '>') return sql`${ref} >= ${end}`
  if (op === '<=') return sql`${ref} < ${end}`
  return sql`${ref} >= ${start} and ${ref} < ${end}`
}
