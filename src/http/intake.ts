import type { Context } from 'hono'
import { HttpError } from '#src/http/errors.ts'

/** Whoever isn't signed in sends a few fields. */
const STRANGER_BYTES = 16 * 1024
/** What bodies of strangers that aren't complete hold, all together. */
const STRANGERS_BYTES = 8 * 1024 * 1024
const PATIENCE_MS = 10_000
/** The slowest pace that is waited for beyond that, in bytes a ms. */
const SLOWEST = 32
const SMALLEST = 1024

type Options = { patienceMs?: number; strangersBytes?: number }

/** Reads bodies within bounds: of size, of time, and of what strangers can make the process hold. */
export class Intake {
  readonly #patienceMs: number
  readonly #strangersBytes: number
  /** Whose bodies aren't complete; who came first stands first. */
  readonly #strangers = new Set<Arriving>()
  #held = 0

  constructor({ patienceMs = PATIENCE_MS, strangersBytes = STRANGERS_BYTES }: Options = {}) {
    this.#patienceMs = patienceMs
    this.#strangersBytes = strangersBytes
  }

  /** Bytes of strangers' bodies that aren't complete. */
  get held(): number {
    return this.#held
  }

  /** What a body may have where `most` is what it may have of somebody who is signed in. */
  most(most: number, stranger: boolean): number {
    return stranger ? Math.min(most, STRANGER_BYTES) : most
  }

  /**
   * A body to its end. Where strangers hold too much, the one who has been at it longest gives way, so that many who
   * hold back their last bytes keep nobody from signing in.
   * @throws {HttpError} 413 past `most`, 408 when it is too slow, 503 when it gave way
   */
  async read(c: Context, most: number, stranger: boolean): Promise<Buffer> {
    refuseLarge(c, most)
    const stream = c.req.raw.body
    if (!stream) return Buffer.alloc(0)
    const reader = stream.getReader()
    const body = new Arriving(most, this.#patienceMs, () => void reader.cancel().catch(() => {}))
    if (stranger) this.#strangers.add(body)
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error) => {
          throw body.refusal ?? brokenOff(c, error)
        })
        if (body.refusal) throw body.refusal
        if (done) return body.content
        body.add(value)
        if (stranger) this.#hold(value.byteLength)
      }
    } finally {
      body.end()
      if (this.#strangers.delete(body)) this.#held -= body.size
    }
  }

  #hold(bytes: number): void {
    this.#held += bytes
    for (const first of this.#strangers) {
      if (this.#held <= this.#strangersBytes) return
      this.#strangers.delete(first)
      this.#held -= first.size
      first.refuse(
        new HttpError(503, 'Too much is being sent. Try again.', { headers: { 'Retry-After': '2' } }),
      )
    }
  }
}

/** @throws {HttpError} 413 for a body that says that it is larger */
export function refuseLarge(c: Context, most: number): void {
  if (Number(c.req.header('content-length') ?? 0) > most) throw tooLarge(most)
}

/** Whoever sent it is gone, and reads no answer: nothing of it is our fault. */
const brokenOff = (c: Context, error: unknown) =>
  c.req.raw.signal.aborted || (error as NodeJS.ErrnoException).code === 'ECONNRESET'
    ? new HttpError(400, 'The body broke off.')
    : error

const tooLarge = (most: number) => new HttpError(413, `A body has at most ${most / 1024} kB.`)

/** A body on its way, in one piece of memory: pieces of a byte each would take a hundred times as much. */
class Arriving {
  readonly #most: number
  readonly #patienceMs: number
  readonly #stop: () => void
  readonly #began = performance.now()
  #buffer = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined
  size = 0
  /** Why it isn't waited for any longer. */
  refusal: HttpError | undefined

  /** @param stop ends the wait for the next piece */
  constructor(most: number, patienceMs: number, stop: () => void) {
    this.#most = most
    this.#patienceMs = patienceMs
    this.#stop = stop
    this.#wait()
  }

  refuse(error: HttpError): void {
    this.refusal = error
    this.#stop()
  }

  /** @throws {HttpError} 413 */
  add(piece: Uint8Array): void {
    const size = this.size + piece.byteLength
    if (size > this.#most) throw tooLarge(this.#most)
    if (size > this.#buffer.length) {
      const room = Math.min(this.#most, Math.max(SMALLEST, size, 2 * this.#buffer.length))
      const larger = Buffer.allocUnsafeSlow(room)
      this.#buffer.copy(larger, 0, 0, this.size)
      this.#buffer = larger
    }
    this.#buffer.set(piece, this.size)
    this.size = size
  }

  get content(): Buffer {
    return this.#buffer.subarray(0, this.size)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  /** The more has come, the longer the rest is waited for. */
  #wait(): void {
    const left = this.#began + this.#patienceMs + this.size / SLOWEST - performance.now()
    if (left <= 0) this.refuse(new HttpError(408, 'The body did not come in time.'))
    else this.#timer = setTimeout(() => this.#wait(), left).unref()
  }
}
