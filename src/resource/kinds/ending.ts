import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Column } from '#src/resource/kinds/column.ts'

type Columns = Readonly<Record<string, Column>>

/** A column's current value: an expired state counts as ended even before a job has written that. */
export function valueNow(table: string, name: string, { ends }: Column): RawBuilder<unknown> {
  const stored = sql.ref(`${table}.${name}`)
  if (!ends) return sql`${stored}`
  return sql`case when ${ranOut(table, name, ends)} then ${ends.to} else ${stored} end as ${sql.ref(name)}`
}

/** Whether a column has this value now; served by the index on the stored value. */
export function saysNow(table: string, name: string, columns: Columns, value: string): RawBuilder<SqlBool> {
  const ends = columns[name]?.ends
  const stored = sql<SqlBool>`${sql.ref(`${table}.${name}`)} = ${value}`
  if (value === ends?.from) return sql<SqlBool>`(${stored} and ${ranOut(table, name, ends)} is not true)`
  if (value === ends?.to) return sql<SqlBool>`(${stored} or ${ranOut(table, name, ends)})`
  return stored
}

const ranOut = (table: string, name: string, { from, at }: NonNullable<Column['ends']>) =>
  sql<SqlBool>`(${sql.ref(`${table}.${name}`)} = ${from} and ${sql.ref(`${table}.${at}`)} <= now())`
