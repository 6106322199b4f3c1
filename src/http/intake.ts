import type { Context } from 'hono'
import { HttpError } from '#src/http/errors.ts'

const STRANGER_BYTES = 16 * 1024
const STRANGER_FORM_BYTES = 64 * 1024
const STRANGERS_BYTES = 8 * 1024 * 1024
const PERSON_BYTES = 16 * 1024 * 1024
const PATIENCE_MS = 10_000
const SLOWEST = 32
const SMALLEST = 1024

type Options = { patienceMs?: number; strangersBytes?: number; personBytes?: number }

export type Sender = { userId: string } | null

/** Reads bodies within limits of size, time, and memory per sender. */
export class Intake {
  readonly #patienceMs: number
  readonly #strangersBytes: number
  readonly #personBytes: number
  readonly #unfinished = new Map<string, Unfinished>()

  constructor({
    patienceMs = PATIENCE_MS,
    strangersBytes = STRANGERS_BYTES,
    personBytes = PERSON_BYTES,
  }: Options = {}) {
    this.#patienceMs = patienceMs
    this.#strangersBytes = strangersBytes
    this.#personBytes = personBytes
  }

  get held(): number {
    return [...this.#unfinished.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  most(most: number, sender: Sender, form = false): number {
    return sender ? most : Math.min(most, form ? STRANGER_FORM_BYTES : STRANGER_BYTES)
  }

  /** Reads a whole body. @throws {HttpError} 413 past `most`, 408 if too slow, 503 if it gave way */
  async read(c: Context, most: number, sender: Sender): Promise<Buffer> {
    refuseLarge(c, most)
    const stream = c.req.raw.body
    if (!stream) return Buffer.alloc(0)
    const reader = stream.getReader()
    const body = new Arriving(most, this.#patienceMs, () => void reader.cancel().catch(() => {}))
    const together = this.#of(sender, most)
    together.add(body)
    try {
      for (;;) {
        const { done, value } = await reader.read().catch(brokenOff)
        if (body.refusal) throw body.refusal
        if (done) return body.content
        body.add(value)
        together.grew(value.byteLength)
      }
    } finally {
      body.end()
      together.remove(body)
    }
  }

  #of(sender: Sender, most: number): Unfinished {
    const key = sender ? `${sender.userId} ${most}` : 'strangers'
    const known = this.#unfinished.get(key)
    if (known) return known
    const bound = sender ? Math.max(this.#personBytes, most) : this.#strangersBytes
    const made = new Unfinished(bound, () => this.#unfinished.delete(key))
    this.#unfinished.set(key, made)
    return made
  }
}

class Unfinished {
  readonly #bound: number
  readonly #emptied: () => void
  readonly #bodies = new Set<Arriving>()
  bytes = 0

  constructor(bound: number, emptied: () => void) {
    this.#bound = bound
    this.#emptied = emptied
  }

  add(body: Arriving): void {
    this.#bodies.add(body)
  }

  remove(body: Arriving): void {
    if (!this.#bodies.delete(body)) return
    this.bytes -= body.size
    if (!this.#bodies.size) this.#emptied()
  }

  grew(bytes: number): void {
    this.bytes += bytes
    for (const first of this.#bodies) {
      if (this.bytes <= this.#bound) return
      this.#bodies.delete(first)
      this.bytes -= first.size
      first.refuse(
        new HttpError(503, 'Too much is being sent. Try again.', { headers: { 'Retry-After': '2' } }),
      )
    }
  }
}

export function refuseLarge(c: Context, most: number): void {
  if (Number(c.req.header('content-length') ?? 0) > most) throw tooLarge(most)
}

/** The sender aborted, which is no failure of ours. */
const brokenOff = () => {
  throw new HttpError(400, 'The body ended early.')
}

const tooLarge = (most: number) => new HttpError(413, `The body can have at most ${most / 1024} kB.`)

/** An arriving body in one buffer: one-byte chunks would take a hundred times the memory. */
class Arriving {
  readonly #most: number
  readonly #patienceMs: number
  readonly #stop: () => void
  readonly #began = performance.now()
  #buffer = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined
  size = 0
  refusal: HttpError | undefined

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

  /** The more has arrived, the longer it waits for the rest. */
  #wait(): void {
    const left = this.#began + this.#patienceMs + this.size / SLOWEST - performance.now()
    if (left <= 0) this.refuse(new HttpError(408, 'The body took too long to arrive.'))
    else this.#timer = setTimeout(() => this.#wait(), left).unref()
  }
}
