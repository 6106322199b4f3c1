import { serve } from '@hono/node-server'
import pino from 'pino'
import { declareAccess } from '#src/access/declaration.ts'
import { RightsCache } from '#src/access/rights.ts'
import { createApp } from '#src/app.ts'
import { readConfig } from '#src/config.ts'
import { Listener } from '#src/db/listener.ts'
import { couldNotStart, openDatabase } from '#src/db/open.ts'
import { LastSeen } from '#src/http/last-seen.ts'
import { handlers, schedules } from '#src/jobs.ts'
import { Jobs } from '#src/platform/jobs/jobs.ts'
import { publicUrl } from '#src/platform/public-url.ts'
import { serverTimeouts, shedIdle } from '#src/platform/server-timeouts.ts'
import { shutdown } from '#src/platform/shutdown.ts'

const begun = performance.now()

async function start(): Promise<void> {
  const config = readConfig()
  const log = pino({ level: config.LOG_LEVEL, base: undefined })
  const { db, prepared } = await openDatabase(config, log)
  await declareAccess(db)
  const listener = new Listener(prepared.listenUrl)
  await listener.open()
  const rights = new RightsCache(db, listener)
  const lastSeen = new LastSeen(db)
  const app = createApp({ config, db, rights, seen: lastSeen.mark, used: lastSeen.use, log })
  const jobs = config.WORKER_IN_PROCESS
    ? new Jobs({ db, listenUrl: prepared.listenUrl, handlers: handlers(config), schedules, log })
    : null
  const at = { hostname: config.HOST, port: config.PORT, serverOptions: serverTimeouts(config) }
  const server = serve({ fetch: app.fetch, ...at }, ({ port }) => {
    const url = publicUrl({ ...config, PORT: port })
    log.info(
      {
        ms: Math.round(performance.now() - begun),
        database: prepared.embedded ?? 'DATABASE_URL',
        migrated: prepared.migrated.length,
      },
      `${config.APP_NAME} listens on ${url}`,
    )
    welcome(url, config.ENVIRONMENT)
    void jobs?.start()
  })
  shedIdle(server)
  shutdown(server, async () => {
    await jobs?.stop()
    await lastSeen.stop()
    await listener.close()
    await db.close()
    await prepared.stop()
  })
  server.once('error', async (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE'
    process.stderr.write(
      taken ? `Port ${config.PORT} is in use: choose a different one with PORT=…\n` : `${error.message}\n`,
    )
    await listener.close()
    await db.close()
    await prepared.stop()
    process.exit(1)
  })
}

function welcome(url: string, environment: string): void {
  const accounts =
    environment === 'production'
      ? 'Make the first administrator with: npm run admin:create'
      : 'Sign in as admin/admin123, demo/demo123, testuser/testuser123, operator/operator123,\n' +
        'billing/billing123, client/client123 or superadmin/superadmin123 (demo accounts).'
  process.stdout.write(`\n  ${url}\n\n${accounts}\n\n`)
}

start().catch(couldNotStart)
