import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { root } from '#src/config.ts'
import { Database } from '#src/db/database.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import { Jobs } from '#src/platform/jobs/jobs.ts'
import { makeOrganization, unique } from '#tests/factories.ts'
import { jobsOf, kind, made, makeGroup, queued, silence, until, working } from '#tests/jobs/here.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { appUrl, owner } = await testDatabase()
const org = await makeOrganization()

type Worker = { child: ChildProcess; said: string[] }

async function spawned(name: string): Promise<Worker> {
  const args = ['--import', './bin/tsx.mjs', 'tests/jobs/process.ts', appUrl, name]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line))
  await until(() => said.includes('ready') || child.exitCode !== null)
  return { child, said }
}

const times = process.env.AMBIT_LONG ? 100 : 4

test('a worker that is killed in the midst of a job: another does it, and it takes effect once', {
  timeout: 300_000,
}, async () => {
  const job = kind({ atOnce: 1, retries: 200, wait: 0, longestWait: 1 })
  const name = unique('killed')
  await queued(org, job, name)
  let begun = 0
  for (let n = 0; n < times; n++) {
    const { child, said } = await spawned(job.name)
    await until(() => said.includes('begun'))
    begun++
    await sleep(60 * Math.random())
    child.kill('SIGKILL')
    await once(child, 'exit')
    await silence(job)
    if ((await jobsOf(job))[0]?.state === 'completed') await queued(org, job, name)
    // what was written and not committed is taken back when the server notices
    await sleep(50)
  }
  const finished = async () => (await jobsOf(job)).filter(({ state }) => state === 'completed').length
  const last = await spawned(job.name)
  await until(async () => (await finished()) === (await jobsOf(job)).length)
  last.child.kill('SIGKILL')
  expect(begun).toBe(times)
  expect(await made(org, name)).toBe(await finished())
  // whichever attempt it was: what a job did is found by the job
  const { rows } = await sql<{
    job: string
    kind: string
  }>`select cause_id as job, cause_kind as kind from events
    where org_id = ${org.id} and action = 'group:create' and data -> 'after' ->> 'description' = ${name}`.execute(
    owner,
  )
  expect(rows.map((row) => row.job).sort()).toEqual((await jobsOf(job)).map(({ id }) => id).sort())
  expect(new Set(rows.map((row) => row.kind))).toEqual(new Set(['job']))
})

/** The way to the database, which can be closed and opened. */
async function gate() {
  const target = new URL(appUrl)
  const sockets = new Set<Socket>()
  let server: Server
  const open = async (port = 0) => {
    server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname)
      for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }
  const shut = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const port = await open()
  const url = Object.assign(new URL(appUrl), { hostname: '127.0.0.1', port: String(port) }).href
  return { url, shut, open: () => open(port) }
}

test('a database that goes away and comes back is worked on again, and nothing is lost', async () => {
  const job = kind({ atOnce: 1 })
  const { url, shut, open } = await gate()
  const ran: string[] = []
  const handler = handled(job, async ({ payload, finish }) => {
    ran.push(payload.name)
    if (payload.name === 'cut' && ran.length === 2) shut()
    await finish(makeGroup(payload.name))
  })
  await using worker = await working([handler], { url })
  await queued(org, job, 'before')
  await until(() => ran.length === 1)
  await queued(org, job, 'cut')
  await until(() => ran.length === 2)
  await queued(org, job, 'meanwhile')
  await sleep(1200)
  expect(worker.said.map(({ message }) => message)).toContain('the queue was out of reach')
  expect(ran).toEqual(['before', 'cut'])
  await open()
  await until(() => ran.includes('meanwhile'))
  await silence(job)
  await until(async () => (await jobsOf(job)).every(({ state }) => state === 'completed'))
  for (const name of ['before', 'cut', 'meanwhile']) expect([name, await made(org, name)]).toEqual([name, 1])
  // it hears of jobs again, too
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pg_stat_activity where query like 'listen "pgboss%' and datname = current_database()`.execute(
    owner,
  )
  expect(rows[0]?.n).toBeGreaterThan(0)
})

test('a database that is away at the start is waited for', async () => {
  const job = kind()
  const { url, shut, open } = await gate()
  shut()
  const ran: string[] = []
  await using worker = await working([handled(job, async ({ payload }) => void ran.push(payload.name))], {
    url,
  })
  expect(worker.said[0]).toMatchObject({ level: 'error', message: 'jobs are not worked on yet' })
  await queued(org, job, 'patience')
  await open()
  await until(() => ran.length > 0)
  expect(ran).toEqual(['patience'])
})

test('stopping while it starts is no fault', async () => {
  for (const ms of [0, 5, 20, 60]) {
    const own = new Database(appUrl, { max: 3, waitMs: 1000 })
    const faults: unknown[] = []
    const log = { info: () => {}, warn: () => {}, error: (details: object) => faults.push(details) }
    const jobs = new Jobs({ db: own, listenUrl: appUrl, handlers: [], log })
    void jobs.start()
    await sleep(ms)
    await jobs.stop()
    await own.close()
    expect(faults).toEqual([])
  }
})
