// A process that works on jobs until it is killed: its jobs make a group and end with it.
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { Database } from '#src/db/database.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import { defineJob } from '#src/platform/jobs/job.ts'
import { Jobs } from '#src/platform/jobs/jobs.ts'

const [url = '', name = ''] = process.argv.slice(2)
const settings = { wait: 0, longestWait: 1, retries: 200, atOnce: 1 }
const job = defineJob(name, z.strictObject({ name: z.string() }), settings)

const say = (what: string) => process.stdout.write(`${what}\n`)
const handler = handled(job, async ({ payload, finish }) => {
  say('begun')
  await sleep(20)
  await finish(async (tx) => {
    await sql`insert into groups (kind, name, description) values ('team', 'made ' || gen_random_uuid(), ${payload.name})`.execute(
      tx,
    )
    await sleep(20)
  })
  say('done')
  await sleep(20)
})
const log = { info: () => say('ready'), warn: () => {}, error: (details: object) => console.error(details) }
const pace = { look: 0.5, supervise: 1 }
const db = new Database(url, { max: 3 })
await new Jobs({ db, listenUrl: url, handlers: [handler], log, pace }).start()
