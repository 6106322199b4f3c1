import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { fn } from '#src/db/functions.ts'
import { type Attempt, handled } from '#src/platform/jobs/handler.ts'
import { queueJob } from '#src/platform/jobs/job.ts'
import { trail } from '#tests/access/trail.ts'
import { makeOrganization, unique } from '#tests/factories.ts'
import { jobsOf, kind, made, makeGroup, queued, silence, until, working } from '#tests/jobs/here.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db } = await testDatabase()
const org = await makeOrganization()
const other = await makeOrganization()

const makes = async ({ payload, finish }: Attempt<{ name: string }>) => {
  await finish(makeGroup(payload.name))
}

describe.concurrent('a job', () => {
  test('is queued with its cause, done once in its organization, and stands in the trail', async () => {
    const job = kind()
    await using _ = await working([handled(job, makes)])
    const id = await asSystem(db, org.id, 'a test', async (tx) => {
      const made = await queueJob(tx, job, { name: 'cause' })
      await sleep(800)
      // nobody sees it before the commit
      expect(await jobsOf(job)).toEqual([])
      return made
    })
    await until(async () => (await jobsOf(job))[0]?.state === 'completed')
    expect(await made(org, 'cause')).toBe(1)
    const lines = await trail(org, { request: id })
    expect(lines).toMatchObject([
      { action: 'group:create', via: 'job', reason: `job ${job.name}`, actor_user_id: null },
    ])
  })

  test('of a cause that is rolled back is not there', async () => {
    const job = kind()
    const ran: string[] = []
    await using _ = await working([handled(job, async ({ payload }) => void ran.push(payload.name))])
    const undone = asSystem(db, org.id, 'a test', async (tx) => {
      await queueJob(tx, job, { name: 'undone' })
      await makeGroup('undone')(tx)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    await queued(org, job, 'kept')
    await until(() => ran.length > 0)
    await sleep(700)
    expect(ran).toEqual(['kept'])
    expect((await jobsOf(job)).map(({ data }) => data.payload.name)).toEqual(['kept'])
  })

  test('takes what was declared, and nothing else', async () => {
    const wrong = asSystem(db, org.id, 'a test', (tx) =>
      queueJob(tx, kind(), { name: 'x', token: 'secret' } as never),
    )
    await expect(wrong).rejects.toThrow(/no such field/)
  })

  test('waits as long as it shall', async () => {
    const job = kind()
    const ran: number[] = []
    const begun = performance.now()
    await using _ = await working([handled(job, async () => void ran.push(performance.now() - begun))])
    await queued(org, job, 'later', 2)
    await until(() => ran.length > 0)
    expect(ran[0]).toBeGreaterThan(1900)
  })

  test('that fails is tried again; what fails always lies with the dead, as it was, and tells no details', async () => {
    const job = kind({ retries: 2 })
    const attempts: [number, boolean][] = []
    const fails = handled(job, async ({ number, last }) => {
      attempts.push([number, last])
      throw Object.assign(new Error('no luck'), { detail: 'somebody@example.com' })
    })
    await using worker = await working([fails])
    const id = await queued(org, job, 'doomed')
    await until(async () => (await jobsOf(job)).some(({ name }) => name === 'dead'))
    expect(attempts).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ])
    const rows = await jobsOf(job)
    const data = { org: org.id, payload: { name: 'doomed' } }
    expect(rows.find(({ name }) => name === 'dead')).toMatchObject({ source_id: id, data, state: 'created' })
    expect(rows.find(({ name }) => name === job.name)).toMatchObject({ state: 'failed', data })
    expect(JSON.stringify(rows)).toContain('no luck')
    expect(JSON.stringify(rows)).not.toContain('somebody@example.com')
    const levels = worker.said.filter((line) => line.job === job.name).map(({ level }) => level)
    expect(levels).toEqual(['warn', 'warn', 'error'])
  })

  test('that nothing is known of fails, and stops nobody', async () => {
    const job = kind({ retries: 0 })
    const ran: string[] = []
    await using _ = await working([handled(job, async ({ payload }) => void ran.push(payload.name))])
    await asSystem(db, org.id, 'a test', (tx) =>
      sql`select app.queue_job(${job.name}, '{"poison": true}', '{}', 0)`.execute(tx),
    )
    await queued(org, job, 'sound')
    await until(() => ran.length > 0)
    await until(async () => (await jobsOf(job)).some(({ name }) => name === 'dead'))
    expect(ran).toEqual(['sound'])
  })

  test('of no organization can act in none', async () => {
    const job = kind({ retries: 0 })
    await using worker = await working([
      handled(job, ({ within }) => within(makeGroup('nowhere')).then(() => {})),
    ])
    await db.lookup(
      fn.queue_job({ kind: job.name, payload: '{"name":"x"}', settings: '{}', delay_seconds: 0 }),
    )
    await until(() => worker.said.some(({ level }) => level === 'error'))
    expect(await made(org, 'nowhere')).toBe(0)
  })
})

describe.concurrent('several workers', () => {
  test('never do one job at the same time, and share the work', async () => {
    const job = kind({ atOnce: 3 })
    const running = new Map<string, number>()
    const done: string[] = []
    const who = [0, 0]
    let most = 0
    const as = (worker: 0 | 1) =>
      handled(job, async ({ payload: { name } }) => {
        running.set(name, (running.get(name) ?? 0) + 1)
        most = Math.max(most, ...running.values())
        await sleep(10)
        running.set(name, (running.get(name) as number) - 1)
        done.push(name)
        who[worker] = (who[worker] as number) + 1
      })
    await using _a = await working([as(0)])
    await using _b = await working([as(1)])
    await asSystem(db, org.id, 'a test', async (tx) => {
      for (let n = 0; n < 60; n++) await queueJob(tx, job, { name: `n${n}` })
    })
    await until(() => done.length >= 60)
    await sleep(300)
    expect([done.length, new Set(done).size, most]).toEqual([60, 60, 1])
    expect(Math.min(...who)).toBeGreaterThan(5)
  })

  test('leave one for other organizations when one has much to do', async () => {
    const job = kind({ atOnce: 2 })
    const order: (string | null)[] = []
    const slow = handled(job, async ({ orgId }) => {
      order.push(orgId)
      await sleep(orgId === org.id ? 400 : 0)
    })
    await using _ = await working([slow])
    await asSystem(db, org.id, 'a test', async (tx) => {
      for (let n = 0; n < 8; n++) await queueJob(tx, job, { name: `n${n}` })
    })
    await until(() => order.length > 0)
    await queued(other, job, 'quick')
    await until(() => order.includes(other.id))
    expect(order.indexOf(other.id)).toBeLessThan(4)
  })

  test('take over from one that was taken for dead; what it does late is undone', async () => {
    const job = kind()
    const name = unique('late')
    let release = () => {}
    const gate = new Promise<void>((open) => (release = open))
    let attempts = 0
    const stuck = handled(job, async (attempt: Attempt<{ name: string }>) => {
      if (attempts++ === 0) await gate
      await makes(attempt)
    })
    await using a = await working([stuck])
    await using b = await working([stuck])
    await queued(org, job, name)
    await until(() => attempts === 1)
    await silence(job)
    await until(async () => (await jobsOf(job))[0]?.state === 'completed')
    expect([attempts, await made(org, name)]).toEqual([2, 1])
    release()
    const late = () => [...a.said, ...b.said].filter(({ message }) => message.includes('taken for dead'))
    await until(() => late().length > 0)
    expect(await made(org, name)).toBe(1)
  })
})

describe.concurrent('stopping', () => {
  test('waits for what runs, and takes nothing more', async () => {
    const job = kind({ atOnce: 1 })
    const done: string[] = []
    let begun = 0
    const worker = await working([
      handled(job, async ({ payload }) => {
        begun++
        await sleep(600)
        done.push(payload.name)
      }),
    ])
    await queued(org, job, 'first')
    await queued(org, job, 'second')
    await until(() => begun > 0)
    await worker.jobs.stop()
    expect([begun, done]).toEqual([1, ['first']])
    const states = (await jobsOf(job)).map(({ data, state }) => [data.payload.name, state]).sort()
    expect(states).toEqual([
      ['first', 'completed'],
      ['second', 'created'],
    ])
    await worker[Symbol.asyncDispose]()
  })

  test('gives back what takes too long, tells it, and somebody else does it', async () => {
    const job = kind()
    const name = unique('slow')
    let attempts = 0
    let aborted = false
    const slow = handled(job, async (attempt: Attempt<{ name: string }>) => {
      if (attempts++ > 0) return makes(attempt)
      await sleep(5000, undefined, { signal: attempt.signal }).catch(() => (aborted = true))
    })
    const worker = await working([slow])
    await queued(org, job, name)
    await until(() => attempts === 1)
    const begun = performance.now()
    await worker.jobs.stop(300)
    expect(performance.now() - begun).toBeLessThan(2000)
    await until(() => aborted)
    await worker[Symbol.asyncDispose]()
    await using _ = await working([slow])
    await until(async () => (await jobsOf(job))[0]?.state === 'completed')
    expect([attempts, await made(org, name)]).toEqual([2, 1])
  })
})
