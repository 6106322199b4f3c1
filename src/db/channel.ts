import pg from 'pg'
import { openClient } from '#src/db/pool.ts'

const RETRY_MS = 1000

/**
 * Hears a channel on a connection of its own, and connects again after every loss; what was sent meanwhile is missed.
 * @param connected each time that it hears again
 */
export async function listen(
  url: string,
  channel: string,
  heard: (payload: string) => void,
  connected: () => void,
): Promise<{ close(): Promise<void> }> {
  let current: pg.Client | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const connect = async () => {
    const client = openClient(url)
    const lost = () => {
      if (current !== client || closed) return
      current = undefined
      client.end().catch(() => {})
      timer = setTimeout(connect, RETRY_MS)
      timer.unref()
    }
    current = client
    client.on('error', lost).on('end', lost)
    client.on('notification', ({ payload = '' }) => heard(payload))
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      connected()
    } catch {
      lost()
    }
  }
  await connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await current?.end().catch(() => {})
    },
  }
}
