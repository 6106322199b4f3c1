import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

type What = 'all' | 'answers'

/** A way to the database that can stand still without being broken, as networks do. */
export type Freezing = AsyncDisposable & {
  url: string
  /** Nothing gets through; with `answers` what is asked still does. */
  freeze(what?: What): void
  /** Freezes when this is asked for. */
  freezeAt(text: string, what: What): void
  thaw(): void
  /** Swallows all that is said on the connections of now, for good and without a word; new ones work. */
  lose(): void
}

export async function freezing(to: string): Promise<Freezing> {
  const { hostname, port } = new URL(to)
  const sockets = new Set<Socket>()
  const lost = new Set<Socket>()
  const waiting: (() => void)[] = []
  let frozen: What | 'nothing' = 'nothing'
  let trap: { text: string; what: What } | undefined
  const forward = (from: Socket, into: Socket, kind: What) => {
    sockets.add(from)
    const sooner = (pass: () => void) => {
      if (lost.has(from)) return
      if (frozen === 'all' || frozen === kind) waiting.push(() => lost.has(from) || pass())
      else pass()
    }
    from.on('error', () => {})
    from.on('close', () => sooner(() => into.destroy()))
    from.on('data', (chunk) => {
      if (trap && kind === 'all' && chunk.includes(trap.text)) frozen = trap.what
      sooner(() => into.write(chunk))
    })
  }
  const server = createServer((near) => {
    const far = connect(Number(port || 5432), hostname)
    forward(near, far, 'all')
    forward(far, near, 'answers')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const here = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: Object.assign(new URL(to), { host: here }).href,
    freeze: (what = 'all') => {
      frozen = what
    },
    freezeAt: (text, what) => {
      trap = { text, what }
    },
    thaw: () => {
      frozen = 'nothing'
      trap = undefined
      for (const pass of waiting.splice(0)) pass()
    },
    lose: () => {
      for (const socket of sockets) lost.add(socket)
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
