import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Condition } from '#src/http/filter.ts'
import type { ListView } from '#src/http/list.ts'

/**
 * The conditions of a list's address on its table. One value of several is an equality, so that the index of filter
 * and sort serves both.
 * @param table name or alias under which the statement knows it
 */
export function filtered(table: string, { conditions }: Pick<ListView, 'conditions'>): RawBuilder<SqlBool> {
  if (!conditions.length) return sql<SqlBool>`true`
  return sql<SqlBool>`(${sql.join(
    conditions.map((condition) => clause(table, condition)),
    sql` and `,
  )})`
}

function clause(table: string, { column, op, values, cast }: Condition): RawBuilder<SqlBool> {
  const ref = sql.ref(`${table}.${column}`)
  if (op === 'in' && values.length > 1) return sql<SqlBool>`${ref} = any(${values}::${sql.raw(cast)}[])`
  return sql<SqlBool>`${ref} ${sql.raw(op === 'in' ? '=' : op)} ${values[0]}::${sql.raw(cast)}`
}
