import type { Server } from 'node:http'
import type { ServerType } from '@hono/node-server'

const GRACE_MS = 10_000

/**
 * On SIGTERM and Ctrl-C: accepts no new connections, lets running requests finish, then closes what they depend on.
 * Waits at most ten seconds; a repeated signal (npm and systemd both send it) counts once.
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
    // a connection becomes idle once it has answered its last request
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
