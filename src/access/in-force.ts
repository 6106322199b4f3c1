import { type RawBuilder, sql } from 'kysely'

/** Whether a row with a start time, such as a membership, has started. */
export const begun = (table: string): RawBuilder<boolean> => {
  const begins = sql.ref(`${table}.begins_at`)
  return sql<boolean>`(${begins} is null or ${begins} <= now())`
}

/** Whether a row of `user_roles` counts now: started and not expired. */
export const inForce = (table: string): RawBuilder<boolean> => {
  const ends = sql.ref(`${table}.expires_at`)
  return sql<boolean>`(${begun(table)} and (${ends} is null or ${ends} > now()))`
}

/** The latest expiry of several rows; null if one of them never expires. */
export const latestEnd = (table: string): RawBuilder<string | null> => {
  const ends = sql.ref(`${table}.expires_at`)
  return sql<string | null>`case when bool_and(${ends} is not null) then max(${ends}) end`
}

/** The strongest of several group roles: lead, member, viewer; their alphabetical order happens to agree. */
export const strongestRole = (table: string): RawBuilder<string> =>
  sql<string>`min(${sql.ref(`${table}.role`)})`
