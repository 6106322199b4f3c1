import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { cut, openClient } from '#src/db/client.ts'

/** Silent moments after which the server counts as gone. Counted in ticks, so that a stalled process waits on. */
const MOMENTS = 8
const MOMENT_MS = 200
const AGAIN_MS = 500

/**
 * Checks whether the database responds, on its own connection that no busy pool delays. A frozen server, or a network
 * that drops everything, breaks no connection: silence is the only sign.
 */
export class Pulse {
  readonly #url: string
  readonly #fell: () => void
  #client: pg.Client | undefined
  #asking: Promise<boolean> | undefined
  #silent = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  /** @param fell called when the database falls silent */
  constructor(url: string, fell: () => void) {
    this.#url = url
    this.#fell = fell
  }

  /** True while the last question is unanswered. It is repeated until answered, so no one else needs to wait. */
  get silent(): boolean {
    return this.#silent
  }

  /** Resolves within two seconds; concurrent callers share one question. */
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
    // the idle connection had ended, which says nothing about the server
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
