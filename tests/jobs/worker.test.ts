import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { sql } from 'kysely'
import { expect, inject, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { root } from '#src/config.ts'
import { ownerDatabase } from '#src/db/owner.ts'
import { runSeeds } from '#src/db/seed.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { queueMail } from '#src/platform/mail/queue.ts'
import { makeOrganization, unique } from '#tests/factories.ts'
import { until } from '#tests/jobs/here.ts'
import { mailServer } from '#tests/mail/smtp.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { SECRET } from '#tests/setup/secrets.ts'

const { db, owner, ownerUrl, appUrl } = await testDatabase()

/** The program as `npm run worker` runs it; it knows no owner. */
function started(smtp: string): { child: ChildProcess; said: () => string } {
  const env = {
    PATH: process.env.PATH,
    DATABASE_APP_URL: appUrl,
    SECRET_KEY: SECRET,
    ENVIRONMENT: 'test',
    SMTP_URL: smtp,
    EMAIL_FROM: 'a@example.com',
  }
  const child = spawn(process.execPath, ['--import', './bin/tsx.mjs', 'src/worker.ts'], { cwd: root, env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  return { child, said: () => said }
}

test('a worker of its own sends what a request queued, opens no port, and ends cleanly', async () => {
  await using server = await mailServer()
  const { child, said } = started(server.url)
  await until(() => said().includes('works on jobs') || child.exitCode !== null)
  const org = await makeOrganization()
  const to = `${unique('to')}@example.com`
  await asSystem(db, org.id, 'a test', (tx) =>
    queueMail(tx, notice, { to, data: { subject: 'Hello', lines: ['x'] } }),
  )
  await until(() => server.to(to).length > 0)
  expect(said()).toContain('"tidy"')
  child.kill('SIGTERM')
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect([code, said().match(/error/i)]).toEqual([0, null])
})

test('a server and a worker that start on an empty database at once seed it once', async () => {
  const template = new URL(inject('template').ownerUrl).pathname.slice(1)
  const name = `${template}_seeds`
  await sql.raw(`create database ${name} template ${template} strategy wal_log`).execute(owner)
  try {
    const url = Object.assign(new URL(ownerUrl), { pathname: `/${name}` }).href
    await Promise.all([runSeeds(url), runSeeds(url)])
    const db = ownerDatabase(url)
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from accounts`.execute(db)
    await db.destroy()
    expect(rows[0]?.n).toBeGreaterThan(5)
  } finally {
    await sql.raw(`drop database ${name} with (force)`).execute(owner)
  }
})

test('a worker that can’t start says so in one line', async () => {
  const env = {
    PATH: process.env.PATH,
    DATABASE_APP_URL: appUrl,
    ENVIRONMENT: 'production',
    EMAIL_VALIDATION_ENABLED: 'false',
  }
  const child = spawn(process.execPath, ['--import', './bin/tsx.mjs', 'src/worker.ts'], { cwd: root, env })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'exit')
  expect([code, said]).toEqual([1, 'SECRET_KEY: is required in production (32 characters or more)\n'])
})
