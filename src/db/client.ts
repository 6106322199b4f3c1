import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** `2026-11-20 23:11:00.123456+00` as RFC 3339: strings pass into JSON unchanged and keep their microseconds. */
const instant = (text: string) =>
  text.endsWith('+00') ? `${text.slice(0, 10)}T${text.slice(11, -3)}Z` : new Date(text).toISOString()

const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.TIMESTAMPTZ, instant],
  [pg.types.builtins.INTERVAL, (text: string) => text],
  [pg.types.builtins.DATE, String],
  [pg.types.builtins.INT8, Number],
])

/** Settings of every connection of a running process. */
export const common = {
  types: {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format),
  } as pg.CustomTypesConfig,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  application_name: 'ambit',
}

/** A lost connection surfaces through the statement it breaks; the event alone must not end the process. */
export const noticed = () => {}

const PATIENCE_MS = 2000

/** A connection outside any pool, for the listener and the like, whose statements are short. */
export function openClient(url: string): pg.Client {
  const client = new pg.Client({
    ...common,
    connectionString: url,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  })
  return client.on('error', noticed)
}

/** Destroys a connection at once: pending statements fail. */
export function cut(client: pg.Client): void {
  client.connection.stream.destroy()
}

/** Closes a connection cleanly, without waiting long for a server that doesn't respond. */
export async function leave(client: pg.Client): Promise<void> {
  await Promise.race([client.end().catch(noticed), sleep(500, undefined, { ref: false })])
  cut(client)
}
