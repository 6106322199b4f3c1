import pino from 'pino'
import { readConfig } from '#src/config.ts'
import { couldNotStart, openDatabase } from '#src/db/open.ts'
import { handlers, schedules } from '#src/domains/shell/jobs.ts'
import { Jobs } from '#src/platform/jobs/jobs.ts'

/** Less than what a machine that is shut down, or a container that is stopped, usually waits. */
const PATIENCE_MS = 25_000

async function start(): Promise<void> {
  const config = readConfig()
  const log = pino({ level: config.LOG_LEVEL, base: undefined })
  const { db, prepared } = await openDatabase(config, log)
  const jobs = new Jobs({ db, listenUrl: prepared.listenUrl, handlers: handlers(config), schedules, log })
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await jobs.stop(PATIENCE_MS)
    await db.close()
    await prepared.stop()
    process.exit(0)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  await jobs.start()
}

start().catch(couldNotStart)
