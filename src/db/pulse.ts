import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { cut, openClient } from '#src/db/client.ts'

/** So many moments of silence mean that nobody is there. In moments, since a process that was held up itself waits on. */
const MOMENTS = 8
const MOMENT_MS = 200
const AGAIN_MS = 500

/**
 * Whether the database answers at all, asked on a connection of its own that no busy pool keeps waiting. A frozen
 * server, or a network that swallows everything, breaks no connection: all that tells of them is silence.
 */
export class Pulse {
  readonly #url: string
  readonly #fell: () => void
  #client: pg.Client | undefined
  #asking: Promise<boolean> | undefined
  #silent = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  /** @param fell told when the database falls silent */
  constructor(url: string, fell: () => void) {
    this.#url = url
    this.#fell = fell
  }

  /** It was asked and said nothing; it is asked again until it answers, and nobody else needs to wait meanwhile. */
  get silent(): boolean {
    return this.#silent
  }

  /** Answers within two seconds; all who ask at once share a question. */
  ask(): Promise<boolean> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#client) cut(this.#client)
  }

  async #ask(): Promise<boolean> {
    clearTimeout(this.#timer)
    if (this.#closed) return false
    let answer = await this.#question()
    // the connection that was kept had ended: that says nothing of the server
    if (answer === 'lost') answer = await this.#question()
    const fell = answer === 'silence' && !this.#silent
    this.#silent = answer === 'silence'
    if (this.#silent && !this.#closed) this.#timer = setTimeout(() => void this.ask(), AGAIN_MS).unref()
    if (fell) this.#fell()
    return answer === 'yes'
  }

  async #question(): Promise<'yes' | 'no' | 'lost' | 'silence'> {
    const kept = this.#client
    const client = kept ?? openClient(this.#url)
    this.#client = client
    const asked = (kept ? Promise.resolve() : client.connect()).then(() => client.query('select 1'))
    const answer = await Promise.race([
      asked.then(
        () => 'yes' as const,
        () => (kept ? ('lost' as const) : ('no' as const)),
      ),
      silence(),
    ])
    if (answer !== 'yes') {
      this.#client = undefined
      cut(client)
    }
    return answer
  }
}

async function silence() {
  for (let moment = 0; moment < MOMENTS; moment++) await sleep(MOMENT_MS, undefined, { ref: false })
  return 'silence' as const
}
