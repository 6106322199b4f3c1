import { setTimeout as sleep } from 'node:timers/promises'
import type { PgBoss } from 'pg-boss'
import { listen } from '#src/db/channel.ts'
import type { Database } from '#src/db/database.ts'
import {
  type Attempt,
  attemptAt,
  ClaimLost,
  type Handler,
  type Log,
  type TakenJob,
} from '#src/platform/jobs/handler.ts'
import { DEAD, type Job, queueSettings } from '#src/platform/jobs/job.ts'

/** A job on a schedule (UTC), run once across all processes. */
export type Schedule = { readonly job: Job<Record<string, never>>; readonly cron: string }

type Options = {
  db: Database
  /** URL straight to the server; null polls for jobs instead of listening for them. */
  listenUrl: string | null
  handlers: readonly Handler[]
  schedules?: readonly Schedule[]
  log: Log
  /** Seconds between polls for delayed or missed jobs, and between checks for dead workers. */
  pace?: { look: number; supervise: number }
}

const PATIENCE_MS = 8000
const LONGEST_PAUSE_MS = 30_000

/** Runs jobs in this process. It depends only on the database: any number of processes may do the same. */
export class Jobs {
  readonly #options: Options
  readonly #ended = new AbortController()
  #boss: PgBoss | undefined
  #starting: Promise<void> | undefined

  constructor(options: Options) {
    this.#options = options
  }

  /** Starts working; while the database is down it retries, with increasing pauses. */
  start(): Promise<void> {
    this.#starting ??= this.#tryToBegin()
    return this.#starting
  }

  async #tryToBegin(): Promise<void> {
    const { log, handlers } = this.#options
    for (let pause = 500; !this.#ended.signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const boss = await this.#open()
      try {
        await this.#begin(boss)
        if (this.#ended.signal.aborted) return await boss.stop({ graceful: false })
        this.#boss = boss
        return log.info({ jobs: handlers.map(({ job }) => job.name) }, 'works on jobs')
      } catch (err) {
        if (!this.#ended.signal.aborted) log.error({ err }, 'jobs are not worked on yet')
        await boss.stop({ graceful: false }).catch(() => {})
        await sleep(pause, undefined, { signal: this.#ended.signal }).catch(() => {})
      }
    }
  }

  /** Takes no more jobs and waits for running ones; those that take longer are handed back for another attempt. */
  async stop(patienceMs = PATIENCE_MS): Promise<void> {
    this.#ended.abort()
    // a pending start still needs its connections
    await Promise.race([this.#starting, sleep(patienceMs, undefined, { ref: false })])
    const boss = this.#boss
    if (!boss) return
    const idle = Promise.all(this.#options.handlers.map(({ job }) => boss.offWork(job.name)))
    await Promise.race([idle, sleep(patienceMs, undefined, { ref: false })])
    await boss.stop({ graceful: false })
  }

  async #open(): Promise<PgBoss> {
    const { db, listenUrl, log, pace } = this.#options
    // loaded lazily, so that the first requests don't wait for it
    const { PgBoss } = await import('pg-boss')
    const executeSql = (text: string, values?: unknown[]) => db.pool.query(text, values)
    const boss = new PgBoss({
      db: listenUrl ? { executeSql, listen: (...asked) => listen(listenUrl, ...asked) } : { executeSql },
      schema: 'jobs',
      migrate: false,
      useListenNotify: listenUrl !== null,
      superviseIntervalSeconds: pace?.supervise ?? 15,
      monitorIntervalSeconds: pace?.supervise ?? 15,
      maintenanceIntervalSeconds: 3600,
      cronWorkerIntervalSeconds: 20,
      // only the database's owner may do these
      reindex: false,
      monitorVacuum: false,
    })
    boss.on('error', (err) => log.warn({ err }, 'the queue was out of reach'))
    boss.on('warning', (warning) => log.warn(warning, 'the queue warns'))
    return boss
  }

  async #begin(boss: PgBoss): Promise<void> {
    const { handlers, schedules = [] } = this.#options
    await boss.start()
    for (const { job } of handlers) {
      await boss.createQueue(job.name)
      await boss.updateQueue(job.name, queueSettings(job))
    }
    for (const { job, cron } of schedules)
      await boss.schedule(job.name, cron, { org: null, payload: {} }, { tz: 'UTC' })
    const known = new Set(schedules.map(({ job }) => job.name))
    for (const { name } of await boss.getSchedules()) if (!known.has(name)) await boss.unschedule(name)
    await Promise.all(handlers.map((handler) => this.#work(boss, handler)))
  }

  /** After a job, its workers look for the next one without a pause. */
  async #work(boss: PgBoss, handler: Handler): Promise<void> {
    const { name, settings } = handler.job
    const look = this.#options.pace?.look
    const options = {
      includeMetadata: true,
      pollingIntervalSeconds: look ?? 2,
      notifyPollingIntervalSeconds: look ?? 10,
      localConcurrency: settings.atOnce,
      // no organization takes every worker
      localGroupConcurrency: Math.max(1, settings.atOnce - 1),
    } as const
    await boss.work<unknown, void, typeof options>(name, options, async ([taken]) => {
      try {
        if (taken) await this.#run(handler, taken)
      } finally {
        for (const worker of boss.getWipData()) if (worker.name === name) boss.notifyWorker(worker.id)
      }
    })
  }

  async #run({ job, run }: Handler, taken: TakenJob): Promise<void> {
    const { log } = this.#options
    const about = { job: job.name, id: taken.id, attempt: taken.retryCount + 1 }
    try {
      await run(attemptAt(job, taken, this.#options) as Attempt<never>)
    } catch (err) {
      if (err instanceof ClaimLost)
        return log.warn(about, 'the job was taken for dead, and its work is undone')
      const last = taken.retryCount >= taken.retryLimit
      if (last) log.error({ ...about, err }, `the job failed for good, and lies in “${DEAD}”`)
      else log.warn({ ...about, err }, 'the job failed and will be tried again')
      // stored with the job, so without details from the driver or a server
      throw Object.assign(new Error((err as Error).message), { stack: undefined })
    }
  }
}
