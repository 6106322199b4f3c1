import { Unavailable } from '#src/db/errors.ts'
import { FairLoop } from '#src/db/fair-loop.ts'

/** How long, in ms, connections are kept free for an organization after its last request. */
const LINGERS_MS = 5000

type Line = { running: number; waiting: Set<() => void> }
type WaitingRequest = { orgId: string; at: number }

/**
 * Shares a pool's connections between organizations. A single one gets most of them; several get a few each and queue
 * separately, so that no organization waits for another's work, neither for a connection nor behind its statements in
 * the database.
 */
export class Shares {
  readonly #most: number
  readonly #few: number
  readonly #waitMs: number
  readonly #lines = new Map<string, Line>()
  readonly #loop = new FairLoop()
  /** The latest request, and the latest by another organization. */
  #last: WaitingRequest = { orgId: '', at: Number.NEGATIVE_INFINITY }
  #other: WaitingRequest = this.#last

  /** @param waitMs longest wait in the queue */
  constructor(connections: number, waitMs: number) {
    this.#most = Math.ceil(connections * 0.75)
    this.#few = Math.min(this.#most, Math.max(2, Math.floor(connections / 5)))
    this.#waitMs = waitMs
  }

  /** Runs work within the organization's share. @throws {Unavailable} if it waited too long */
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
