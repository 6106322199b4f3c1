/** Turns shorter than this, in ms, hold no one up. */
const QUICK_MS = 2
/** After a longer turn, its owner rests for this many times its length. */
const REST = 2

/**
 * Schedules turns on the one JavaScript thread. Between turns the event loop serves connections, and an owner whose
 * turn was long (pages of two hundred rows) rests before the next: others get most of the thread and wait for one turn
 * at most.
 */
export class FairLoop {
  /** Waiting turns by owner; the owner of the latest turn comes last. */
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #restsUntil = new Map<string, number>()
  #going = false
  /** Set while every waiting owner rests. */
  #wake: NodeJS.Timeout | undefined

  /** Resolves when the owner's turn comes; the turn lasts until the promise's handlers next wait for something. */
  turn(whose: string): Promise<void> {
    return new Promise((go) => {
      const line = this.#waiting.get(whose)
      if (line) line.push(go)
      else this.#waiting.set(whose, [go])
      if (!this.#going) this.#next()
    })
  }

  #next(): void {
    this.#going = false
    const now = performance.now()
    let earliest = Number.POSITIVE_INFINITY
    for (const [whose, line] of this.#waiting) {
      const until = this.#restsUntil.get(whose) ?? 0
      if (until <= now) {
        this.#go(whose, line)
        return
      }
      earliest = Math.min(earliest, until)
    }
    if (earliest !== Number.POSITIVE_INFINITY) this.#wake ??= setTimeout(() => this.#awake(), earliest - now)
  }

  #awake(): void {
    this.#wake = undefined
    if (!this.#going) this.#next()
  }

  #go(whose: string, line: (() => void)[]): void {
    this.#going = true
    this.#restsUntil.delete(whose)
    const go = line.shift() as () => void
    this.#waiting.delete(whose)
    if (line.length) this.#waiting.set(whose, line)
    let began = 0
    // both in one round of the event loop: what runs in between is this turn's alone
    setImmediate(() => {
      began = performance.now()
      go()
    })
    setImmediate(() => {
      const took = performance.now() - began
      if (took > QUICK_MS) this.#restsUntil.set(whose, began + took * (1 + REST))
      this.#next()
    })
  }
}
