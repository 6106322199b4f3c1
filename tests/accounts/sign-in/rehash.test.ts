import { hash } from '@node-rs/argon2'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { outdated } from '#src/platform/passwords.ts'
import { accountOf } from '#tests/accounts/links.ts'
import { opening } from '#tests/accounts/opening.ts'
import { anonymous, as } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, db } = await testDatabase()
const org = await makeOrganization()
const weak = { algorithm: 2, memoryCost: 8192, timeCost: 1, parallelism: 1 } as const

/** Somebody whose password was hashed when less was enough. */
async function longAgo(password = PASSWORD) {
  const person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  const password_hash = await hash(password, weak)
  await owner.updateTable('accounts').set({ password_hash }).where('id', '=', person.accountId).execute()
  return person
}
const signIn = (username: string, password = PASSWORD) =>
  anonymous().post('/api/auth/login', { username, password })

describe('a hash by weaker parameters', () => {
  test('is replaced at the next sign-in, which changes nothing else', async () => {
    const person = await longAgo()
    const before = await accountOf(person)
    expect(outdated(before.password_hash as string)).toBe(true)
    expect((await signIn(person.username, 'Wrong-Horse-7')).status).toBe(401)
    expect((await accountOf(person)).password_hash).toBe(before.password_hash)
    expect((await signIn(person.username)).status).toBe(200)
    const after = await accountOf(person)
    expect(after.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(after.password_changed_at).toBe(before.password_changed_at)
    expect((await as(person).get('/api/auth/me')).status).toBe(200)
    expect((await signIn(person.username)).status).toBe(200)
    expect((await accountOf(person)).password_hash).toBe(after.password_hash)
  })

  test('is replaced once when many sign in at once, and all come in', async () => {
    const person = await longAgo()
    const answers = await Promise.all(Array.from({ length: 10 }, () => signIn(person.username)))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(outdated((await accountOf(person)).password_hash as string)).toBe(false)
  })

  test('does not come back over a password that was chosen meanwhile', async () => {
    const person = await longAgo()
    const next = await hash('Battery-Staple-8', weak)
    const change = owner
      .updateTable('accounts')
      .set({ password_hash: next, password_changed_at: new Date().toISOString() })
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 8 }, () => signIn(person.username))),
      change.where('id', '=', person.accountId).execute(),
    ])
    for (const { status } of answers) expect([200, 401, 429]).toContain(status)
    expect((await accountOf(person)).password_hash).toBe(next)
  })
})

test('a hash is put where the one that was verified still is, and nowhere else', async () => {
  const { accountId } = await makeUser(org)
  const kept = (await accountOf({ accountId })).password_hash
  const stored = async (was: string | null) => {
    await db.lookup(
      fn.sign_in_passed({ account: accountId, device: null, changed: null, was, becomes: 'stronger' }),
    )
    return (await accountOf({ accountId })).password_hash
  }
  expect(await stored('another')).toBe(kept)
  expect(await stored(kept)).toBe('stronger')
})

test('letters count as the same however a keyboard composes them', async () => {
  const composed = 'Zürich-Café-7'.normalize('NFC')
  const person = await longAgo(composed)
  expect((await signIn(person.username, composed.normalize('NFD'))).status).toBe(200)
  expect((await signIn(person.username, composed)).status).toBe(200)
  expect((await signIn(person.username, composed.normalize('NFD').replace('\u0308', ''))).status).toBe(401)
})

test('a proof that is older than the password opens no session', async () => {
  const { accountId, id } = await makeUser(org)
  const kept = (await accountOf({ accountId })).password_hash
  const prove = async () => {
    const { password_changed_at: changed } = await accountOf({ accountId })
    return db.lookup(
      fn.sign_in_passed({ account: accountId, device: null, changed, was: kept, becomes: null }),
    )
  }
  const context = JSON.stringify({ org: org.id, user: id, via: 'web' })
  const open = (proved: string | null) =>
    db.lookup(opening({ account: accountId, org: org.id, person: id, proved }, { context }))
  const at = await prove()
  expect(await open(at)).toMatch(/^[0-9a-f-]{36}$/)
  const changed = { password_changed_at: sql<string>`clock_timestamp()` }
  await owner.updateTable('accounts').set(changed).where('id', '=', accountId).execute()
  await expect(open(at)).rejects.toMatchObject({ code: '28000' })
  expect(await open(await prove())).toMatch(/^[0-9a-f-]{36}$/)
})

describe('a password that is changed while it is being proved', () => {
  /** Signs in with the old one, and holds what is done with the proof until the change is through, or taken back. */
  async function signedInWhile(ending: 'commit' | 'rollback') {
    const person = await makeUser(org)
    await using change = await owner.startTransaction().execute().then(closing)
    await change.tx
      .updateTable('accounts')
      .set({ password_hash: await hash('Battery-Staple-8'), password_changed_at: sql`clock_timestamp()` })
      .where('id', '=', person.accountId)
      .execute()
    const answer = signIn(person.username)
    const waits = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      and query like '%sign_in_passed%'`
    await expect.poll(async () => (await waits.execute(owner)).rows.length, { timeout: 10_000 }).toBe(1)
    await change.tx[ending]().execute()
    return answer
  }
  const closing = (tx: Awaited<ReturnType<ReturnType<typeof owner.startTransaction>['execute']>>) => ({
    tx,
    [Symbol.asyncDispose]: async () => {
      if (!tx.isCommitted && !tx.isRolledBack) await tx.rollback().execute()
    },
  })

  test('opens nothing', async () => {
    expect((await signedInWhile('commit')).status).toBe(401)
  })

  test('and does where the change came to nothing', async () => {
    expect((await signedInWhile('rollback')).status).toBe(200)
  })
})
