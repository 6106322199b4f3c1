import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { tidies, tidy } from '#src/platform/jobs/tidy.ts'
import { makeOrganization, makeUser, unique } from '#tests/factories.ts'
import { jobsOf, until, working } from '#tests/jobs/here.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
const org = await makeOrganization()
const { id: user, accountId } = await makeUser(org)
const run = async (text: ReturnType<typeof sql>) => (await text.execute(owner)).rows

const ago = (age: string) => sql`now() - ${age}::interval`
const name = unique('tidy')

/** One row of each kind, so old. */
async function rows(age: string): Promise<void> {
  const key = `${name} ${age}`
  await run(
    sql`insert into rate_limits (key, points, expire) values (${key}, 1, extract(epoch from ${ago(age)}) * 1000)`,
  )
  await run(sql`insert into idempotency_keys (org_id, user_id, key, ordinal, request_hash, created_at)
    values (${org.id}, ${user}, ${key}, 0, '', ${ago(age)})`)
  await run(sql`insert into imports (org_id, user_id, path, name, content, created_at, updated_at)
    values (${org.id}, ${user}, '/users', ${key}, '', ${ago(age)}, ${ago(age)})`)
  await run(
    sql`insert into unknown_logins (name_hash, failed_logins, updated_at) values (${Buffer.from(key)}, 4, ${ago(age)})`,
  )
  for (const status of ['queued', 'sent', 'failed', 'kept'])
    await run(sql`insert into mails (for_org_id, template, language, recipient, status, created_at)
      values (${org.id}, ${key}, 'en', 'a@example.com', ${status}, ${ago(age)})`)
}

async function left(age: string): Promise<string[]> {
  const key = `${name} ${age}`
  const found = await run(sql`
    select 'rate_limits' as what from rate_limits where key = ${key}
    union all select 'idempotency_keys' from idempotency_keys where key = ${key}
    union all select 'imports' from imports where name = ${key}
    union all select 'unknown_logins' from unknown_logins where name_hash = ${Buffer.from(key)}
    union all select status || ' mail' from mails where template = ${key}
    order by what`)
  return found.map((row) => (row as { what: string }).what)
}

test('what is older than its time goes, and nothing that is younger', async () => {
  const ages = ['-1 minutes', '23 hours', '26 hours', '8 days', '31 days', '91 days']
  for (const age of ages) await rows(age)
  while (await db.lookup(fn.tidy({ most: 3 }))) {}
  const mails = ['failed mail', 'kept mail', 'queued mail', 'sent mail']
  expect(Object.fromEntries(await Promise.all(ages.map(async (age) => [age, await left(age)])))).toEqual({
    '-1 minutes': [...mails, 'idempotency_keys', 'imports', 'rate_limits', 'unknown_logins'].sort(),
    '23 hours': [...mails, 'idempotency_keys', 'imports', 'unknown_logins'].sort(),
    '26 hours': [...mails, 'unknown_logins'].sort(),
    '8 days': ['failed mail', 'queued mail', 'sent mail', 'unknown_logins'].sort(),
    '31 days': ['failed mail', 'queued mail'],
    '91 days': [],
  })
})

test('a file that is worked on stays', async () => {
  const key = `${name} 2 days`
  await rows('2 days')
  await run(sql`update imports set created_at = ${ago('2 days')}, status = 'importing' where name = ${key}`)
  while (await db.lookup(fn.tidy({ most: 1000 }))) {}
  // the update has set updated_at
  expect(await left('2 days')).toContain('imports')
})

test('accounts forget failed attempts as late as names that nobody has', async () => {
  const failed = async (age: string) => {
    await run(sql`update accounts set failed_logins = 4 where id = ${accountId}`)
    await run(sql`delete from security_events where account_id = ${accountId}`)
    await run(
      sql`insert into security_events (account_id, action, created_at) values (${accountId}, 'sign_in:failed', ${ago(age)})`,
    )
    await db.lookup(fn.tidy({ most: 1000 }))
    const [row] = await run(sql`select failed_logins from accounts where id = ${accountId}`)
    return (row as { failed_logins: number }).failed_logins
  }
  expect([await failed('29 days'), await failed('31 days')]).toEqual([4, 0])
})

test('a worker does it', async () => {
  await rows('92 days')
  await using _ = await working([tidies])
  await db.lookup(fn.queue_job({ kind: tidy.name, payload: '{}', settings: '{}', delay_seconds: 0 }))
  await until(async () => (await jobsOf(tidy)).some(({ state }) => state === 'completed'))
  expect(await left('92 days')).toEqual([])
})
