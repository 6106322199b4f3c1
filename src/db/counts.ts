const HOLDS_MS = 10_000
const MOST = 5000

/**
 * Remembers for ten seconds which lists have more rows than are counted: counting to the cap again on every page
 * would make a big organization slow. Exact counts are never remembered, so a number that is said is a number
 * that was counted; "more than" may hold on for ten seconds.
 */
export class CountMemory {
  readonly #until = new Map<string, number>()

  /** Whether this list was beyond the cap a moment ago. */
  beyondCap(list: string): boolean {
    return (this.#until.get(list) ?? 0) > performance.now()
  }

  /** Notes a list that reached beyond the cap. */
  noteBeyondCap(list: string): void {
    if (this.#until.size >= MOST) this.#until.clear()
    this.#until.set(list, performance.now() + HOLDS_MS)
  }
}
