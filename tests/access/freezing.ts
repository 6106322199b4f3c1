import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to the database that can stand still without being broken, as networks do. */
export type Freezing = AsyncDisposable & { url: string; freeze(): void; thaw(): void }

export async function freezing(to: string): Promise<Freezing> {
  const { hostname, port } = new URL(to)
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  let frozen = false
  const forward = (from: Socket, into: Socket) => {
    sockets.add(from)
    from.on('error', () => into.destroy())
    from.on('close', () => into.destroy())
    from.on('data', (chunk) => {
      const pass = () => into.write(chunk)
      if (frozen) waiting.push(pass)
      else pass()
    })
  }
  const server = createServer((near) => {
    const far = connect(Number(port || 5432), hostname)
    forward(near, far)
    forward(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const here = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: Object.assign(new URL(to), { host: here }).href,
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
      for (const pass of waiting.splice(0)) pass()
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
