import { Unavailable } from '#src/db/errors.ts'
import { FairLoop } from '#src/db/fair-loop.ts'

/** So long after it asked last, an organization counts as one that others are to be kept free for. */
const LINGERS_MS = 5000

type Line = { running: number; waiting: Set<() => void> }
type WaitingRequest = { orgId: string; at: number }

/**
 * The connections of a pool, shared by organizations. One that is alone takes most of them; where there are several,
 * each takes a few and waits in a line of its own, so that nobody waits for what another does: neither for a connection
 * nor behind a crowd of statements in the database.
 */
export class Shares {
  readonly #most: number
  readonly #few: number
  readonly #waitMs: number
  readonly #lines = new Map<string, Line>()
  readonly #loop = new FairLoop()
  /** Who asked last, and who did before that was another. */
  #last: WaitingRequest = { orgId: '', at: Number.NEGATIVE_INFINITY }
  #other: WaitingRequest = this.#last

  /** @param waitMs longest wait in the line */
  constructor(connections: number, waitMs: number) {
    this.#most = Math.ceil(connections * 0.75)
    this.#few = Math.min(this.#most, Math.max(2, Math.floor(connections / 5)))
    this.#waitMs = waitMs
  }

  /** Does some work with a connection of the organization's. @throws {Unavailable} when it waited too long for one */
  async within<T>(orgId: string, work: () => Promise<T>): Promise<T> {
    this.#ask(orgId)
    const line = this.#lineOf(orgId)
    if (line.running < this.#shareOf(orgId)) line.running++
    else await this.#turn(line)
    try {
      const result = await work()
      if (this.#isContested(orgId)) await this.#loop.turn(orgId)
      return result
    } finally {
      line.running--
      this.#letGo(orgId, line)
    }
  }

  #letGo(orgId: string, line: Line): void {
    for (const go of line.waiting) {
      if (line.running >= this.#shareOf(orgId)) return
      line.waiting.delete(go)
      line.running++
      go()
    }
    if (line.running === 0) this.#lines.delete(orgId)
  }

  #ask(orgId: string): void {
    const at = performance.now()
    if (this.#last.orgId === orgId) this.#last.at = at
    else {
      this.#other = this.#last
      this.#last = { orgId, at }
    }
  }

  #shareOf(orgId: string): number {
    return this.#isContested(orgId) ? this.#few : this.#most
  }

  #isContested(orgId: string): boolean {
    const other = this.#last.orgId === orgId ? this.#other : this.#last
    return performance.now() - other.at < LINGERS_MS
  }

  #turn(line: Line): Promise<void> {
    return new Promise((resolve, reject) => {
      const tooLong = setTimeout(() => {
        line.waiting.delete(go)
        reject(new Unavailable('an organization has used up its connections'))
      }, this.#waitMs)
      const go = () => {
        clearTimeout(tooLong)
        resolve()
      }
      line.waiting.add(go)
    })
  }

  #lineOf(orgId: string): Line {
    const line = this.#lines.get(orgId) ?? { running: 0, waiting: new Set() }
    this.#lines.set(orgId, line)
    return line
  }
}
