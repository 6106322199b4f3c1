import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'

/** What went from a server to PostgreSQL. */
export type Counted = {
  /** Executed statements, BEGIN and COMMIT among them. */
  statements: number
  /** Times that the server had to wait for an answer before it could go on. */
  roundTrips: number
}

/** How long answers are held back, so that what is sent without waiting for them is seen to be so. */
const HOLD_MS = 3

const QUERY = 'Q'.charCodeAt(0)
const EXECUTE = 'E'.charCodeAt(0)
const SYNC = 'S'.charCodeAt(0)
const READY = 'Z'.charCodeAt(0)

/** Stands between a server and PostgreSQL and counts PostgreSQL's own messages: not for timed rounds. */
export class CountingProxy {
  readonly counted: Counted = { statements: 0, roundTrips: 0 }
  readonly #server: NetServer
  readonly #sockets = new Set<Socket>()

  private constructor(target: URL) {
    this.#server = createServer((client) =>
      this.#relay(client, connect(Number(target.port), target.hostname)),
    )
  }

  /** @returns the proxy, and the address to connect to in place of `databaseUrl` */
  static async before(databaseUrl: string): Promise<{ proxy: CountingProxy; url: string }> {
    const url = new URL(databaseUrl)
    const proxy = new CountingProxy(new URL(databaseUrl))
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    const address = proxy.#server.address()
    url.hostname = '127.0.0.1'
    url.port = String(typeof address === 'object' && address?.port)
    return { proxy, url: url.href }
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #relay(client: Socket, database: Socket): void {
    let waiting = 0
    // the first message of a connection has no type
    const sent = messages({ untyped: true }, (type) => {
      if (type === QUERY || type === EXECUTE) this.counted.statements++
      if (type !== QUERY && type !== SYNC) return
      if (waiting === 0) this.counted.roundTrips++
      waiting++
    })
    const answered = messages({ untyped: false }, (type) => {
      if (type === READY && waiting > 0) waiting--
    })
    client.on('data', (chunk: Buffer) => {
      sent(chunk)
      database.write(chunk)
    })
    database.on('data', (chunk: Buffer) => {
      setTimeout(() => {
        answered(chunk)
        client.write(chunk)
      }, HOLD_MS)
    })
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}

/** Cuts a stream into messages (a type, then a length that counts itself) and tells the type of each. */
function messages({ untyped }: { untyped: boolean }, seen: (type: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let typeBytes = untyped ? 0 : 1
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= typeBytes + 4) {
      const size = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < size) return
      if (typeBytes) seen(rest[0] as number)
      typeBytes = 1
      rest = rest.subarray(size)
    }
  }
}
