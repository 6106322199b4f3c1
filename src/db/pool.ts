import pg from 'pg'
import { enterToReadStatement } from '#src/db/one-trip.ts'

export type Client = pg.PoolClient
export type Pool = pg.Pool

/** `2026-11-20 23:11:00.123456+00` as RFC 3339: strings go on to JSON as they are, and lose no microsecond. */
const instant = (text: string) =>
  text.endsWith('+00') ? `${text.slice(0, 10)}T${text.slice(11, -3)}Z` : new Date(text).toISOString()

const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.TIMESTAMPTZ, instant],
  [pg.types.builtins.DATE, String],
  [pg.types.builtins.INT8, Number],
])
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format),
} as pg.CustomTypesConfig

/**
 * The connections of one process, for the application's role. Clients are pipelined: statements that are sent
 * in one tick share a round trip.
 * @param waitMs longest wait for a free connection, then an error that becomes a 503
 */
export function openPool(url: string, { max = 20, waitMs = 2000 } = {}): Pool {
  const options = {
    connectionString: url,
    max,
    types,
    pipeline: true,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'ambit',
    // prepared here, so that a one-trip statement never has two to parse
    onConnect: (client: pg.ClientBase) =>
      client.query(enterToReadStatement('00000000-0000-0000-0000-000000000000', '{}', 0)),
  }
  const pool = new pg.Pool(options)
  pool.on('error', () => {})
  return pool
}

/** A connection outside any pool: the owner's migrations, the listener. */
export const openClient = (url: string) =>
  new pg.Client({
    connectionString: url,
    types,
    keepAlive: true,
    connectionTimeoutMillis: 5000,
    application_name: 'ambit',
  })
