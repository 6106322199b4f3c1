import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchDatabase, forgetCreated } from '../data/database.ts'
import { firstNames, lastNames } from '../data/names.ts'
import { CREATED, type Tested, tokenOf } from '../data/tested.ts'
import { memoryOf } from './process.ts'
import { type Server, startServer } from './server.ts'

/** What a file took: seconds, and how much memory the process grew by meanwhile, in MB. */
type Taken = { seconds: number; grown: number }

export type FileFigures = {
  rows: number
  exported: Taken & { firstByte: number }
  checked: Taken
  /** p95 of other requests meanwhile, in ms. */
  imported: Taken & { others: number }
}

const ROWS = 100_000
const LOOK_MS = 50

/** People out of the organization that has 100,000, and as many into another; by a process of its own. */
export async function measureFiles(database: BenchDatabase): Promise<FileFigures> {
  const server = await startServer('ours', { database: { DATABASE_APP_URL: database.appUrl } })
  try {
    await warmed(server)
    let firstByte = 0
    const exported = await taken(server, async () => {
      const began = performance.now()
      const answer = await ask(server, 'big', '?format=csv')
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      firstByte = performance.now() - began
      while (!(await reader.read()).done);
    })
    const file = people()
    const send = (dry: boolean) => taken(server, () => bring(server, file, dry))
    const checked = await send(true)
    const asking = new AbortController()
    const others = answering(server, asking.signal)
    const imported = await send(false)
    asking.abort()
    return {
      rows: ROWS,
      exported: { ...exported, firstByte },
      checked,
      imported: { ...imported, others: await others },
    }
  } finally {
    await server.stop()
    await forgetCreated(database.owner)
  }
}

/** Rights are in the cache, and the code has run. */
async function warmed(server: Server): Promise<void> {
  for (const organization of ['big', 'growing'] as const)
    for (let n = 0; n < 5; n++) await (await ask(server, organization, '?limit=5')).text()
  await sleep(500)
}

async function ask(
  { url }: Server,
  organization: Tested,
  query: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { authorization: `Bearer ${tokenOf(organization, 'token')}`, ...init.headers }
  const answer = await fetch(`${url}/api/v1/users${query}`, { ...init, headers })
  if (!answer.ok) throw new Error(`/users${query}: ${answer.status} ${(await answer.text()).slice(0, 300)}`)
  return answer
}

async function bring(server: Server, body: string, dry: boolean): Promise<void> {
  const headers = { 'content-type': 'text/csv' }
  const answer = await ask(server, 'growing', `/import?dry_run=${dry}`, { method: 'POST', headers, body })
  const { rows, error_count } = (await answer.json()) as { rows: number; error_count: number }
  if (rows !== ROWS || error_count) throw new Error(`the import found ${error_count} errors in ${rows} rows`)
}

async function taken({ pid }: Server, work: () => Promise<void>): Promise<Taken> {
  const before = memoryOf(pid).now
  let most = before
  const looking = setInterval(() => {
    most = Math.max(most, memoryOf(pid).now)
  }, LOOK_MS)
  const began = performance.now()
  try {
    await work()
  } finally {
    clearInterval(looking)
  }
  return { seconds: (performance.now() - began) / 1000, grown: most - before }
}

/** Asks for a short list again and again. */
async function answering(server: Server, signal: AbortSignal): Promise<number> {
  const times: number[] = []
  while (!signal.aborted) {
    const began = performance.now()
    await (await ask(server, 'small', '?limit=25')).text()
    times.push(performance.now() - began)
    await sleep(LOOK_MS)
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length * 0.95)] ?? Number.NaN
}

/** A file of new people with a role each. */
function people(): string {
  const stamp = Date.now().toString(36)
  const rows = Array.from({ length: ROWS }, (_, n) => {
    const name = `${CREATED}${stamp}-${n.toString(36)}`
    const [first, last] = [firstNames[n % firstNames.length], lastNames[n % lastNames.length]]
    return `${name},${name}@example.com,${first},${last},viewer`
  })
  return `username,email,first_name,last_name,roles\n${rows.join('\n')}\n`
}
