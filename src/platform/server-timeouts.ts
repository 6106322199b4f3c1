import type { Server } from 'node:http'
import type { ServerType } from '@hono/node-server'
import type { Config } from '#src/config.ts'

/** More connections than people and proxies have. */
const MAX_OPEN = 2000
const LOOK_MS = 2000

/**
 * How long a connection may keep others waiting, in ms: options of `http.createServer`. Whoever sends nothing, or a
 * header a byte at a time, is cut off; a body has its own time (`Intake`), and ends with this. One that was answered
 * is kept for longer than a proxy keeps it, so that no request goes into a connection that is being closed.
 */
export const serverTimeouts = ({ KEEP_ALIVE_SECONDS }: Pick<Config, 'KEEP_ALIVE_SECONDS'>) => ({
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
})

/** Where too many are open, those that only wait for a next request end: a crowd can't hold all that there are. */
export function shedIdle(listening: ServerType, most = MAX_OPEN, everyMs = LOOK_MS): void {
  // serve() makes an http.Server unless it is told otherwise
  const server = listening as Server
  const look = () =>
    server.getConnections((_, open) => {
      if (open > most) server.closeIdleConnections()
    })
  const looking = setInterval(look, everyMs).unref()
  server.once('close', () => clearInterval(looking))
}
