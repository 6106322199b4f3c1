/** What is computed in less holds up nobody. */
const QUICK_MS = 2
/** Whoever computed for longer leaves the thread to others for so many times as long. */
const REST = 2

/**
 * Turns on the one thread that everything is computed on. Between two of them the loop looks after connections, and
 * whoever computed much at a time (pages of two hundred rows) rests before the next: others have most of the thread, and
 * wait for one turn at the longest.
 */
export class FairLoop {
  /** Who waits, by whose they are; whose turn was last stands last. */
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #restsUntil = new Map<string, number>()
  #going = false
  /** While all that wait rest. */
  #wake: NodeJS.Timeout | undefined

  /** Goes on with what the promise's handlers compute until they wait for something. */
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
    // both in one round of the loop: what is computed in between is this turn's alone
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
