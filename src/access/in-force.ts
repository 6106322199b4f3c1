import { type RawBuilder, sql } from 'kysely'

/** Whether what begins at a time has begun: a membership, or any row that says so of itself. */
export const begun = (table: string): RawBuilder<boolean> => {
  const begins = sql.ref(`${table}.begins_at`)
  return sql<boolean>`(${begins} is null or ${begins} <= now())`
}

/** Whether somebody has a role of `user_roles` now: it has begun, and hasn't run out. */
export const inForce = (table: string): RawBuilder<boolean> => {
  const ends = sql.ref(`${table}.expires_at`)
  return sql<boolean>`(${begun(table)} and (${ends} is null or ${ends} > now()))`
}

/** The latest end of several rows; null where one of them has none. */
export const latestEnd = (table: string): RawBuilder<string | null> => {
  const ends = sql.ref(`${table}.expires_at`)
  return sql<string | null>`case when bool_and(${ends} is not null) then max(${ends}) end`
}

/** The role in a group that counts of several: lead before member before viewer, which is their order as words, too. */
export const strongestRole = (table: string): RawBuilder<string> =>
  sql<string>`min(${sql.ref(`${table}.role`)})`
