import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { recoveryHash } from '#src/domains/accounts/recovery-codes.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { anew, stepNow, withFactor } from '#tests/accounts/factors.ts'
import { accountOf } from '#tests/accounts/links.ts'
import { opening } from '#tests/accounts/opening.ts'
import { makeOrganization, makeUser, sessionOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, db } = await testDatabase()
const org = await makeOrganization()

/** When somebody proved their password: now. */
const proved = async ({ accountId }: Person) => {
  const { password_changed_at, password_hash } = await accountOf({ accountId })
  const at = await db.lookup(
    fn.sign_in_passed({
      account: accountId,
      device: null,
      changed: password_changed_at,
      was: password_hash,
      becomes: null,
    }),
  )
  return at as string
}
type Code = { step?: number; recovery?: Buffer; pending?: Buffer }
const open = ({ accountId, id }: Person, at: string, { step, recovery, pending }: Code = {}) => {
  const context = JSON.stringify({ org: org.id, user: id, via: 'api' })
  const code = { step: step ?? null, recovery: recovery ?? null, pending: pending ?? null }
  return db.lookup(opening({ account: accountId, org: org.id, person: id, proved: at }, { context, ...code }))
}
const account = ({ accountId }: Person, set: object) =>
  owner.updateTable('accounts').set(set).where('id', '=', accountId).execute()
const MISSING = { code: '28P01' }
const GONE = { code: '28000' }

describe('an account with a second factor', () => {
  test('gets a session by password and code, and by nothing less', async () => {
    const person = await makeUser(org)
    const before = await proved(person)
    const { recovery } = await withFactor(person)
    const step = await stepNow()
    // also where it was turned on between the password and the session
    await expect(open(person, before)).rejects.toMatchObject(MISSING)
    await expect(
      open(person, before, { recovery: recoveryHash(person.accountId, 'made up') }),
    ).rejects.toMatchObject(MISSING)
    expect(await open(person, before, { step })).toMatch(/^[0-9a-f-]{36}$/)
    await expect(open(person, before, { step })).rejects.toMatchObject(MISSING)
    await expect(open(person, before, { step: step - 1 })).rejects.toMatchObject(MISSING)
    const [code = ''] = recovery
    expect(await open(person, before, { recovery: recoveryHash(person.accountId, code) })).toMatch(
      /^[0-9a-f-]{36}$/,
    )
    await account(person, { password_changed_at: sql`clock_timestamp()` })
    await expect(open(person, before, { step: step + 1 })).rejects.toMatchObject(GONE)
  })

  test('gets none while it is locked, also where that came after the password', async () => {
    const person = await makeUser(org)
    await withFactor(person)
    const at = await proved(person)
    await account(person, { locked_until: sql`now() + interval '1 minute'` })
    await expect(open(person, at, { step: await stepNow() })).rejects.toMatchObject(MISSING)
    await account(person, { locked_until: null })
    expect(await open(person, at, { step: await stepNow() })).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('gets none for a pending sign-in that is somebody else’s, used, or too old, and keeps its code', async () => {
    const [person, other] = [await makeUser(org), await makeUser(org)]
    for (const one of [person, other]) await withFactor(one)
    const begin = async (who: Person) => {
      const hash = tokenHash(newToken())
      await db.lookup(
        fn.begin_pending_sign_in({
          account: who.accountId,
          org: org.id,
          person: who.id,
          proved: await proved(who),
          pending: hash,
          ctx: '{}',
        }),
      )
      return hash
    }
    const [own, foreign] = [await begin(person), await begin(other)]
    const at = await proved(person)
    const step = await stepNow()
    await expect(open(person, at, { step, pending: foreign })).rejects.toMatchObject(GONE)
    await owner
      .updateTable('pending_sign_ins')
      .set({ expires_at: sql<string>`now()` })
      .where('token_hash', '=', own)
      .execute()
    await expect(open(person, at, { step, pending: own })).rejects.toMatchObject(GONE)
    const again = await begin(person)
    expect(await open(person, at, { step, pending: again })).toMatch(/^[0-9a-f-]{36}$/)
    await anew(person)
    await expect(open(person, at, { step, pending: again })).rejects.toMatchObject(GONE)
  })
})

describe('a session', () => {
  const ctx = '{"via": "api"}'
  const confirm = (
    person: Person,
    session: string,
    { at = null, step = null }: { at?: string | null; step?: number | null },
  ) =>
    db.lookup(
      fn.reauthenticate_session({
        account: person.accountId,
        session,
        proved: at,
        step,
        recovery: null,
        device: null,
        renewed: null,
        ctx,
      }),
    )

  test('is confirmed by its own account alone, by what is right now', async () => {
    const [person, other] = [await makeUser(org), await makeUser(org)]
    await withFactor(person)
    const [own, foreign] = [await sessionOf(person.token), await sessionOf(other.token)]
    const at = await proved(person)
    const step = await stepNow()
    expect(await confirm(person, foreign, { at })).toBe(false)
    expect(await confirm(person, foreign, { step })).toBe(false)
    expect(await confirm(person, own, {})).toBe(false)
    await account(person, { locked_until: sql`now() + interval '1 minute'` })
    expect(await confirm(person, own, { step })).toBe(false)
    await account(person, { locked_until: null })
    expect(await confirm(person, own, { step })).toBe(true)
    expect(await confirm(person, own, { at })).toBe(true)
    await account(person, { password_changed_at: sql`clock_timestamp()` })
    expect(await confirm(person, own, { at })).toBe(false)
  })

  test('turns the factor of its own account on and off alone, while it is open', async () => {
    const [person, other] = [await makeUser(org), await makeUser(org)]
    const [own, foreign] = [await sessionOf(person.token), await sessionOf(other.token)]
    const changed = async () => {
      const { rows } = await sql<{ at: string | null }>`
        select control_changed_at::text as at from accounts where id = ${person.accountId}`.execute(owner)
      return rows[0]?.at
    }
    const on = (session: string, begun: string | null = null) =>
      db.lookup(
        fn.turn_on_second_factor({
          account: person.accountId,
          session,
          begun,
          sealed: Buffer.from('x'),
          step: 1,
          codes: [],
          renewed: null,
          device: null,
          ctx,
        }),
      )
    const off = (session: string) =>
      db.lookup(
        fn.turn_off_second_factor({ account: person.accountId, session, renewed: null, device: null, ctx }),
      )
    const renew = (session: string) =>
      db.lookup(fn.renew_recovery_codes({ account: person.accountId, session, codes: [], ctx }))
    expect([await on(foreign), await on(own)]).toEqual([false, true])
    expect([await renew(foreign), await renew(own)]).toEqual([false, true])
    expect([await off(foreign), await off(own)]).toEqual([false, true])
    // begun before that, the account was in another hand
    expect([await on(own), await on(own, await changed())]).toEqual([false, true])
    expect(await off(own)).toBe(true)
    const ended = { revoked_at: sql<string>`now()` }
    await owner.updateTable('sessions').set(ended).where('id', '=', own).execute()
    expect(await on(own, await changed())).toBe(false)
  })

  test.each([
    ['pending_sign_ins', sql`select token_hash from pending_sign_ins`],
    ['totp_credentials', sql`select secret from totp_credentials`],
    ['recovery_codes', sql`select hash from recovery_codes`],
  ])('sees nothing of %s', async (_, query) => {
    const person = await makeUser(org)
    const context = JSON.stringify({ org: org.id, user: person.id })
    const reading = db.withActor({ orgId: org.id, context }, (tx) => query.execute(tx))
    await expect(reading).rejects.toMatchObject({ code: '42501' })
  })

  test.each([
    ['begin_pending_sign_in', 'null, null, null, now(), null, null'],
    ['try_pending_sign_in', 'null'],
    ['reauthenticate_session', 'null, null, null, null, null, null, null, null'],
    ['turn_on_second_factor', 'null, null, null, null, null, null, null, null, null'],
    ['turn_off_second_factor', 'null, null, null, null, null'],
    ['renew_recovery_codes', 'null, null, null, null'],
    ['reseal_second_factor', 'null, null, null'],
    ['tidy_pending_sign_ins', '1'],
  ])('of an organization can’t ask for %s', async (name, values) => {
    const person = await makeUser(org)
    const context = JSON.stringify({ org: org.id, user: person.id })
    const asking = db.withActor({ orgId: org.id, context }, (tx) =>
      sql.raw(`select app.${name}(${values})`).execute(tx),
    )
    await expect(asking).rejects.toMatchObject({ code: '42501', message: 'not inside of an organization' })
  })
})

test('pending sign-ins that are too old are taken away, and others stay', async () => {
  const person = await makeUser(org)
  const [old, young] = [tokenHash(newToken()), tokenHash(newToken())]
  for (const hash of [old, young])
    await db.lookup(
      fn.begin_pending_sign_in({
        account: person.accountId,
        org: org.id,
        person: person.id,
        proved: await proved(person),
        pending: hash,
        ctx: '{}',
      }),
    )
  await owner
    .updateTable('pending_sign_ins')
    .set({ expires_at: sql<string>`now()` })
    .where('token_hash', '=', old)
    .execute()
  await db.lookup(fn.tidy_pending_sign_ins({ most: 1000 }))
  const left = await owner
    .selectFrom('pending_sign_ins')
    .where('account_id', '=', person.accountId)
    .select('token_hash')
    .execute()
  expect(left.map(({ token_hash }) => token_hash)).toEqual([young])
})
