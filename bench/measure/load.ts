import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { BenchDatabase } from '../data/database.ts'
import type { Request } from '../kinds.ts'
import { cpuOf, cpuOfFamily, parentOf } from './process.ts'
import type { Server } from './server.ts'

export const CONNECTIONS = 32

/** One timed round of one kind of work against one server. */
export type Sample = {
  /** Answers a second. */
  rate: number
  p50: number
  p95: number
  p99: number
  cpu: number
  /** Of PostgreSQL, all its processes. */
  databaseCpu: number
  /** Answers that were no 2xx, and requests without an answer. */
  bad: number
}

/** Loads a server for so many seconds, once the database has finished what came before. */
export async function load(
  { pid, url }: Server,
  { method, path, headers, body }: Request,
  seconds: number,
  database: BenchDatabase,
  connections = CONNECTIONS,
): Promise<Sample> {
  const postmaster = await quiet(database)
  const latencies: number[] = []
  const cpuBefore = cpuOf(pid)
  const databaseBefore = cpuOfFamily(postmaster)
  const began = performance.now()
  const run = autocannon({
    url,
    connections,
    duration: seconds,
    sampleInt: 50,
    requests: [
      { method, path, headers, ...(body && { setupRequest: (request) => ({ ...request, body: body() }) }) },
    ],
  })
  run.on('response', (_client: unknown, _status: number, _bytes: number, ms: number) => latencies.push(ms))
  const { non2xx, errors } = await run
  const elapsed = performance.now() - began
  const cpu = cpuOf(pid) - cpuBefore
  const databaseCpu = cpuOfFamily(postmaster) - databaseBefore
  const answers = latencies.length
  latencies.sort((a, b) => a - b)
  // a round without an answer took that long at least
  const share = (part: number) => latencies[Math.min(answers - 1, Math.floor(answers * part))] ?? elapsed
  return {
    rate: (answers / elapsed) * 1000,
    p50: share(0.5),
    p95: share(0.95),
    p99: share(0.99),
    cpu: cpu / answers,
    databaseCpu: databaseCpu / answers,
    bad: non2xx + errors,
  }
}

/** Waits until no statement of the servers runs any more; gives PostgreSQL's first process. */
async function quiet({ owner }: BenchDatabase): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const { rows } = await owner.query(`
      select pg_backend_pid() as own, count(*) filter (where state <> 'idle' and pid <> pg_backend_pid())::int as busy
      from pg_stat_activity where backend_type in ('client backend', 'autovacuum worker')`)
    if (rows[0].busy === 0) return parentOf(rows[0].own)
    await sleep(50)
  }
  throw new Error('the database does not come to rest')
}

/** Sends one request and gives what came. */
export async function send({ url }: Server, { method, path, headers, body }: Request): Promise<Answer> {
  const response = await fetch(url + path, { method, headers, body: body?.(), redirect: 'manual' })
  return { status: response.status, text: await response.text() }
}
export type Answer = { status: number; text: string }
