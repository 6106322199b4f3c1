import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { cut, leave, openClient } from '#src/db/client.ts'

const BEAT_MS = 250
const PROOF_MS = 800
const RETRY_MS = 1000

/**
 * Listens to `NOTIFY rights` on its own connection and checks several times a second that it still hears: first that a
 * notification to itself comes back, then that the same backend still answers. A successful check covers every
 * notification sent before it began.
 */
export class Listener {
  readonly #url: string | null
  readonly #notice: ((payload: string) => void)[] = []
  readonly #lost: (() => void)[] = []
  #client: pg.Client | undefined
  #proved = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** @param url the server itself, not a pooler; null listens to nothing, so nothing may be cached */
  constructor(url: string | null) {
    this.#url = url
  }

  /** Whether all recent notifications have certainly arrived. */
  get alive(): boolean {
    return performance.now() - this.#proved < PROOF_MS
  }

  onNotice(heard: (payload: string) => void): void {
    this.#notice.push(heard)
  }

  onLost(lost: () => void): void {
    this.#lost.push(lost)
  }

  /** Connects; retries a failure in the background, with `alive` false meanwhile. */
  async open(): Promise<void> {
    if (!this.#url || this.#closed) return
    const client = openClient(this.#url)
    this.#client = client
    client.on('error', () => this.#drop(client))
    client.on('end', () => this.#drop(client))
    try {
      await client.connect()
      const own = `proof_${randomUUID().replaceAll('-', '')}`
      const returned = new Promise<void>((resolve) =>
        client.on('notification', ({ channel, payload = '' }) => {
          if (channel === 'rights') for (const heard of this.#notice) heard(payload)
          else if (channel === own) resolve()
        }),
      )
      await client.query('set synchronous_commit = off')
      await client.query(`listen rights; listen ${own}`)
      const { rows } = await client.query('select pg_backend_pid() as pid')
      await client.query(`notify ${own}`)
      await Promise.race([returned, after(2000, 'notices do not come back: is this a pooler?')])
      await client.query(`unlisten ${own}`)
      await this.#beat(client, rows[0].pid)
    } catch {
      this.#drop(client)
    }
  }

  /** Closes the connection for good. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    if (client) await leave(client)
  }

  async #beat(client: pg.Client, pid: number): Promise<void> {
    const sent = performance.now()
    const { rows } = await client.query({ name: 'beat', text: 'select pg_backend_pid() as pid' })
    if (rows[0].pid !== pid) throw new Error('a different backend answers: the listener sits behind a pooler')
    if (this.#client !== client) return
    this.#proved = sent
    this.#timer = setTimeout(() => this.#beat(client, pid).catch(() => this.#drop(client)), BEAT_MS)
    this.#timer.unref()
  }

  #drop(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    this.#proved = Number.NEGATIVE_INFINITY
    clearTimeout(this.#timer)
    for (const lost of this.#lost) lost()
    cut(client)
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.open(), RETRY_MS)
    this.#timer.unref()
  }
}

const after = (ms: number, message: string) =>
  new Promise<never>((_, reject) => setTimeout(() => reject(new Error(message)), ms).unref())
