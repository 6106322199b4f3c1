import pg from 'pg'
import { cut, leave, openClient } from '#src/db/client.ts'

const RETRY_MS = 1000
/** How soon, in ms, a silently lost connection is noticed. */
const BEAT_MS = 5000

/**
 * Listens to a channel on its own connection and reconnects after every loss; notifications sent in between are missed.
 * @param connected called each time it listens again
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
      cut(client)
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
      beat(client, lost)
    } catch {
      lost()
    }
  }
  const beat = (client: pg.Client, lost: () => void) => {
    if (current !== client || closed) return
    timer = setTimeout(() => client.query('select 1').then(() => beat(client, lost), lost), BEAT_MS)
    timer.unref()
  }
  await connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      if (current) await leave(current)
    },
  }
}
