import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { BenchDatabase } from '../data/database.ts'
import { type Tested, tokenOf } from '../data/tested.ts'
import { median } from '../report/numbers.ts'
import { CONNECTIONS } from './load.ts'
import { type Server, startServer } from './server.ts'

/** What another organization notices of a load: its p95 in ms, alone and meanwhile, and the ratio's median. */
export type NeighbourFigures = {
  label: string
  alone: number
  meanwhile: number
  ratio: number
  /** Requests of the other that weren't answered by a 2xx. */
  failed: number
}

type Load = {
  label: string
  organization: Tested
  path: string
  as: 'token' | 'browser'
  connections: number
}

const LOADS: readonly Load[] = [
  {
    label: 'search among 1,000,000',
    organization: 'huge',
    path: '/api/v1/users?q=s&sort=name',
    as: 'token',
    connections: CONNECTIONS,
  },
  {
    label: 'search among 1,000,000, 200 at once',
    organization: 'huge',
    path: '/api/v1/users?q=s&sort=name',
    as: 'token',
    connections: 200,
  },
  {
    label: 'pages of 200',
    organization: 'big',
    path: '/users?limit=200',
    as: 'browser',
    connections: CONNECTIONS,
  },
  {
    label: 'exports of 100,000',
    organization: 'big',
    path: '/api/v1/users?format=csv',
    as: 'token',
    connections: 4,
  },
]
/** The other asks who it is: so many at once, as others do whom nobody disturbs. */
const OTHERS = CONNECTIONS
const ROUNDS = 3
const SECONDS = 4
/** Until the load has its connections, and the other is known to be there. */
const SETTLE_MS = 500

/** One organization loads the server as it can; another asks who it is. By a process of its own. */
export async function measureNeighbours(
  database: BenchDatabase,
  cookieOf: (server: Server) => string,
): Promise<NeighbourFigures[]> {
  const server = await startServer('ours', { database: { DATABASE_APP_URL: database.appUrl } })
  try {
    await others(server, 2)
    const figures: NeighbourFigures[] = []
    for (const load of LOADS) figures.push(await measured(server, load, cookieOf(server)))
    return figures
  } finally {
    await server.stop()
  }
}

async function measured(server: Server, load: Load, cookie: string): Promise<NeighbourFigures> {
  const rounds: { alone: number; meanwhile: number; failed: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await others(server, SECONDS)
    const noise = loading(server, load, cookie)
    await sleep(SETTLE_MS)
    const meanwhile = await others(server, SECONDS)
    noise.stop()
    await noise
    rounds.push({ alone: alone.p95, meanwhile: meanwhile.p95, failed: alone.failed + meanwhile.failed })
  }
  const middle = (of: (round: (typeof rounds)[number]) => number) => median(rounds.map(of))
  return {
    label: load.label,
    alone: middle(({ alone }) => alone),
    meanwhile: middle(({ meanwhile }) => meanwhile),
    ratio: middle(({ alone, meanwhile }) => meanwhile / alone),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
  }
}

function loading({ url }: Server, { organization, path, as, connections }: Load, cookie: string) {
  const token = tokenOf(organization, as)
  const headers: Record<string, string> =
    as === 'token'
      ? { authorization: `Bearer ${token}` }
      : { cookie: `${cookie}=${token}`, accept: 'text/html', 'accept-encoding': 'gzip' }
  return autocannon({ url: url + path, connections, duration: 600, headers, timeout: 60 })
}

async function others({ url }: Server, seconds: number): Promise<{ p95: number; failed: number }> {
  const headers = { authorization: `Bearer ${tokenOf('small', 'token')}` }
  const times: number[] = []
  const run = autocannon({ url: `${url}/api/v1/auth/me`, connections: OTHERS, duration: seconds, headers })
  run.on('response', (_client, _status, _bytes, ms) => times.push(ms))
  const { non2xx, errors } = await run
  times.sort((a, b) => a - b)
  return { p95: times[Math.floor(times.length * 0.95)] ?? Number.NaN, failed: non2xx + errors }
}
