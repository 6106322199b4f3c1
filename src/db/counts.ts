const HOLDS_MS = 10_000
const MOST = 5000

/**
 * Remembers for ten seconds which lists exceed the counting cap: counting up to it on every page would slow a big
 * organization down. Exact counts are never cached, so every number shown was just counted; only "more than" may be
 * ten seconds old.
 */
export class CountMemory {
  readonly #until = new Map<string, number>()

  /** Whether this list exceeded the cap within the last ten seconds. */
  beyondCap(list: string): boolean {
    return (this.#until.get(list) ?? 0) > performance.now()
  }

  /** Records that a list exceeded the cap. */
  noteBeyondCap(list: string): void {
    if (this.#until.size >= MOST) this.#until.clear()
    this.#until.set(list, performance.now() + HOLDS_MS)
  }
}
