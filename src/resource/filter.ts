import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Condition } from '#src/http/filter.ts'
import type { ListView } from '#src/http/list.ts'
import type { Column } from '#src/resource/column.ts'
import { saysNow } from '#src/resource/ending.ts'

/**
 * The conditions of a list's address on its table. One value of several is an equality, so that the index of filter
 * and sort serves both.
 * @param table name or alias under which the statement knows it
 * @param columns those whose states end by themselves
 */
export function filtered(
  table: string,
  { conditions }: Pick<ListView, 'conditions'>,
  columns: Readonly<Record<string, Column>> = {},
): RawBuilder<SqlBool> {
  if (!conditions.length) return sql<SqlBool>`true`
  return sql<SqlBool>`(${sql.join(
    conditions.map((condition) =>
      columns[condition.column]?.ends ? ending(table, condition, columns) : clause(table, condition),
    ),
    sql` and `,
  )})`
}

const ending = (table: string, { column, values }: Condition, columns: Readonly<Record<string, Column>>) =>
  sql<SqlBool>`(${sql.join(
    values.map((value) => saysNow(table, column, columns, value)),
    sql` or `,
  )})`

function clause(table: string, { column, op, values, cast }: Condition): RawBuilder<SqlBool> {
  const ref = sql.ref(`${table}.${column}`)
  if (op === 'in' && values.length > 1) return sql<SqlBool>`${ref} = any(${values}::${sql.raw(cast)}[])`
  return sql<SqlBool>`${ref} ${sql.raw(op === 'in' ? '=' : op)} ${values[0]}::${sql.raw(cast)}`
}
