/** Too many callers are waiting already; retrying later is better. */
export class Busy extends Error {}

/** Limits how many expensive tasks run at once; the others wait in order. */
export class Semaphore {
  readonly #atOnce: number
  readonly #mostWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number, mostWaiting = Number.POSITIVE_INFINITY) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
  }

  /** @throws {Busy} before any work starts */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length >= this.#mostWaiting) throw new Busy(`${this.#mostWaiting} are waiting`)
    if (this.#running >= this.#atOnce) await new Promise<void>((go) => this.#waiting.push(go))
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
