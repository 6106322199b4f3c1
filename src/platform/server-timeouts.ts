import type { Server } from 'node:http'
import type { ServerType } from '@hono/node-server'
import type { Config } from '#src/config.ts'

/** More connections than people and proxies need. */
const MAX_OPEN = 2000
const LOOK_MS = 2000

/**
 * Connection timeouts in ms: options of `http.createServer`. Clients that send nothing, or headers a byte at a time,
 * are cut off; bodies have their own limit (`Intake`) within this one. An idle connection is kept for longer than a
 * proxy keeps it, so that no request goes into one that is being closed.
 */
export const serverTimeouts = ({ KEEP_ALIVE_SECONDS }: Pick<Config, 'KEEP_ALIVE_SECONDS'>) => ({
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
})

/** Closes idle connections while too many are open, so that a crowd can't hold them all. */
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
