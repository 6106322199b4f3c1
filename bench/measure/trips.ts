import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDatabase } from '../data/database.ts'
import { type Kind, type Request, requestOf } from '../kinds.ts'
import { send } from './load.ts'
import { type Name, type Server, startServer } from './server.ts'
import { type Counted, CountingProxy } from './wire.ts'

/** Per request, with the rights remembered and (ours) right after they were forgotten. */
export type Trips = { warm: Counted; cold: Counted | null }

const WARM_UP = 5
const REQUESTS = 20
const COLD_REQUESTS = 5
/** For a notice to arrive and for what it sets off. */
const NOTICE_MS = 50

/** Counts at the wire what one request of each kind costs, with one request at a time. */
export async function countTrips(
  name: Name,
  kinds: readonly Kind[],
  database: BenchDatabase,
  cookieOf: (server: Server) => string,
): Promise<Map<string, Trips>> {
  const { proxy, url } = await CountingProxy.before(database.appUrl)
  try {
    const server = await startServer(name, {
      // a worker would look for jobs meanwhile
      database: { DATABASE_APP_URL: url, DATABASE_LISTEN_URL: database.appUrl, WORKER_IN_PROCESS: 'false' },
    })
    const found = new Map<string, Trips>()
    for (const kind of kinds) {
      const request = requestOf(kind, name, cookieOf(server))
      for (let n = 0; n < WARM_UP; n++) await send(server, request)
      const warm = await counting(proxy, REQUESTS, () => ask(server, request))
      const cold = name === 'ours' ? await coldly(proxy, server, request, database) : null
      found.set(kind.key, { warm, cold })
    }
    await server.stop()
    return found
  } finally {
    proxy.close()
  }
}

/** Makes the server forget all rights before each request. */
async function coldly(proxy: CountingProxy, server: Server, request: Request, { owner }: BenchDatabase) {
  const total: Counted = { statements: 0, roundTrips: 0 }
  for (let n = 0; n < COLD_REQUESTS; n++) {
    await owner.query("notify rights, 'all'")
    await sleep(NOTICE_MS)
    const { statements, roundTrips } = await counting(proxy, 1, () => ask(server, request))
    total.statements += statements / COLD_REQUESTS
    total.roundTrips += roundTrips / COLD_REQUESTS
  }
  return total
}

async function ask(server: Server, request: Request): Promise<void> {
  const { status, text } = await send(server, request)
  if (status >= 300)
    throw new Error(`${server.name} ${request.method} ${request.path}: ${status} ${text.slice(0, 500)}`)
}

async function counting(
  { counted }: CountingProxy,
  times: number,
  work: () => Promise<void>,
): Promise<Counted> {
  const before = { ...counted }
  for (let n = 0; n < times; n++) await work()
  return {
    statements: (counted.statements - before.statements) / times,
    roundTrips: (counted.roundTrips - before.roundTrips) / times,
  }
}
