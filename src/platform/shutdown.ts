import type { Server } from 'node:http'
import type { ServerType } from '@hono/node-server'

const GRACE_MS = 10_000

/**
 * On SIGTERM and Ctrl-C: takes no new connection, lets running requests finish, then ends what they lean on.
 * Ten seconds end the wait; a signal that comes twice (npm and systemd both send it) counts once.
 */
export function shutdown(listening: ServerType, end: () => Promise<void>): void {
  // serve() makes an http.Server unless it is told otherwise
  const server = listening as Server
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    const patience = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    patience.unref()
    // a connection that has answered its last request is idle from then on
    const idle = setInterval(() => server.closeIdleConnections(), 20)
    idle.unref()
    server.close(async () => {
      await end().catch(() => {})
      process.exit(0)
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
