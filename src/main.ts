import { serve } from '@hono/node-server'
import pino from 'pino'
import { RightsCache } from '#src/access/rights.ts'
import { createApp } from '#src/app.ts'
import { ConfigError, readConfig } from '#src/config.ts'
import { Database } from '#src/db/database.ts'
import { EmbeddedError } from '#src/db/embedded.ts'
import { DatabaseError } from '#src/db/errors.ts'
import { Listener } from '#src/db/listener.ts'
import { SchemaError } from '#src/db/migrate.ts'
import { prepareDatabase } from '#src/db/prepare.ts'
import { runSeeds } from '#src/db/seed.ts'
import { selfCheck, UnsafeDatabase } from '#src/db/selfcheck.ts'
import { LastSeen } from '#src/platform/last-seen.ts'
import { shutdown } from '#src/platform/shutdown.ts'

const begun = performance.now()
const foreseeable = [ConfigError, EmbeddedError, SchemaError, DatabaseError, UnsafeDatabase]

async function start(): Promise<void> {
  const config = readConfig()
  const log = pino({ level: config.LOG_LEVEL, base: undefined })
  const prepared = await prepareDatabase(config, runSeeds)
  const db = new Database(prepared.url, {
    max: config.DATABASE_POOL_SIZE,
    timeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
  })
  try {
    for (const remark of await selfCheck(db.pool)) log.warn(remark)
  } catch (error) {
    await db.close()
    await prepared.stop()
    throw error
  }
  const listener = new Listener(prepared.listenUrl)
  await listener.open()
  const rights = new RightsCache(db, listener)
  const lastSeen = new LastSeen(db)
  const app = createApp({ config, db, rights, seen: lastSeen.mark, log })
  const server = serve({ fetch: app.fetch, hostname: config.HOST, port: config.PORT }, ({ port }) => {
    const address =
      config.PUBLIC_URL ??
      `http://${config.HOST === '127.0.0.1' ? 'localhost' : config.HOST}:${port}${config.URL_PREFIX}`
    log.info(
      {
        ms: Math.round(performance.now() - begun),
        database: prepared.embedded ?? 'DATABASE_URL',
        migrated: prepared.migrated.length,
      },
      `${config.APP_NAME} listens on ${address}`,
    )
    welcome(address, config.ENVIRONMENT)
  })
  shutdown(server, async () => {
    await lastSeen.stop()
    await listener.close()
    await db.close()
    await prepared.stop()
  })
  server.once('error', async (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE'
    process.stderr.write(
      taken ? `Port ${config.PORT} is in use: choose another with PORT=…\n` : `${error.message}\n`,
    )
    await listener.close()
    await db.close()
    await prepared.stop()
    process.exit(1)
  })
}

function welcome(address: string, environment: string): void {
  const accounts =
    environment === 'production'
      ? 'Make the first administrator with: npm run admin:create'
      : 'Sign in as admin/admin123, demo/demo123, testuser/testuser123, operator/operator123,\n' +
        'billing/billing123, client/client123 or superadmin/superadmin123 (demo accounts).'
  process.stdout.write(`\n  ${address}\n\n${accounts}\n\n`)
}

start().catch((error) => {
  const known = foreseeable.some((kind) => error instanceof kind)
  process.stderr.write(known ? `${error.message}\n` : `${error.stack ?? error}\n`)
  process.exit(1)
})
