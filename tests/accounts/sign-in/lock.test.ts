import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, trail } from '#tests/access/trail.ts'
import { withFactor } from '#tests/accounts/factors.ts'
import { accountOf, mailsTo, securityEvents } from '#tests/accounts/links.ts'
import { anonymous, as, type Browser, browserOf, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, config, db } = await testDatabase()
const org = await makeOrganization()
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')] })
const WRONG = 'Wrong-Horse-7'

const attempt = (username: string, password = WRONG) =>
  anonymous().post('/api/auth/login', { username, password })
const byForm = (browser: Browser, { username }: Pick<Person, 'username'>, password = PASSWORD) =>
  browser.post(paths.login, { username, password })

/** As strangers would: so many wrong passwords as lock a name. */
async function lock(username: string): Promise<void> {
  for (let tries = 1; tries < config.LOCKOUT_ATTEMPTS; tries++)
    expect((await attempt(username)).status).toBe(401)
  expect((await attempt(username)).status).toBe(429)
}
const lockEnds = (person: Person) =>
  past
    .updateTable('accounts')
    .set({ locked_until: sql<string>`now()` })
    .where('id', '=', person.accountId)
    .execute()

/** A browser in which somebody has signed in before, and isn't now. */
async function known(person: Person): Promise<Browser> {
  const browser = visitor()
  expect((await byForm(browser, person)).status).toBe(303)
  expect((await browser.post(paths.logout)).status).toBe(303)
  await browser.get(paths.login)
  return browser
}

describe('too many wrong passwords', () => {
  test('lock a name that somebody has and one that nobody has alike', async () => {
    const person = await somebody()
    const seen = [person.username, unique('nobody'), `${unique('nobody')}@example.com`].map(async (name) => {
      const answers: unknown[] = []
      for (let tries = 0; tries < config.LOCKOUT_ATTEMPTS + 2; tries++) {
        const answer = await attempt(name, tries > config.LOCKOUT_ATTEMPTS ? PASSWORD : WRONG)
        const headers = [...answer.headers].filter(
          ([header]) => !['x-request-id', 'retry-after'].includes(header),
        )
        const { request_id: _, ...problem } = answer.json()
        expect(Number(answer.headers.get('retry-after') ?? 900)).toBeGreaterThan(890)
        answers.push([answer.status, problem, headers])
      }
      return JSON.stringify(answers)
    })
    expect(new Set(await Promise.all(seen)).size).toBe(1)
    expect((await accountOf(person)).locked_until).not.toBeNull()
  })

  test('take as many statements for every name, locked or not, right or wrong', async () => {
    const [open, closed, off] = [
      await somebody(),
      await somebody(),
      await makeUser(org, { status: 'disabled' }),
    ]
    const twofold = await somebody()
    await withFactor(twofold)
    const nobody = unique('nobody')
    await lock(closed.username)
    await lock(nobody)
    const counts = new Set<number>()
    for (const [name, password] of [
      [open.username, WRONG],
      [closed.username, WRONG],
      [closed.username, PASSWORD],
      [off.username, PASSWORD],
      [off.username, WRONG],
      [twofold.username, WRONG],
      [nobody, WRONG],
      [unique('nobody'), WRONG],
    ] as const) {
      const before = db.counted.statements
      expect((await attempt(name, password)).status).toBeGreaterThanOrEqual(401)
      counts.add(db.counted.statements - before)
    }
    expect([...counts]).toEqual([2])
  })

  test('unlock by time', async () => {
    const person = await somebody()
    await lock(person.username)
    expect((await attempt(person.username, PASSWORD)).status).toBe(429)
    await lockEnds(person)
    expect((await attempt(person.username, PASSWORD)).status).toBe(200)
    expect((await accountOf(person)).locked_until).toBeNull()
  })

  test('are not prolonged by more of them', async () => {
    const person = await somebody()
    await lock(person.username)
    const { locked_until } = await accountOf(person)
    for (let tries = 0; tries < 7; tries++) expect((await attempt(person.username)).status).toBe(429)
    expect(await accountOf(person)).toMatchObject({ locked_until, failed_logins: 0 })
  })

  test('let nobody guess many at once', async () => {
    const person = await somebody()
    const wrong = Array.from({ length: 30 }, () => attempt(person.username))
    const answers = await Promise.all([...wrong, attempt(person.username, PASSWORD)])
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThan(config.LOCKOUT_ATTEMPTS)
    // the right one came after the lock, and was refused although the look-up had seen none
    expect(answers.at(-1)?.status).toBe(429)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]))
  })

  test('stand in the trail of the installation, which keeps no name that may be a password', async () => {
    const person = await somebody()
    await lock(person.username)
    expect(await securityEvents(person)).toEqual([
      ...Array(config.LOCKOUT_ATTEMPTS - 1).fill('sign_in:failed'),
      'sign_in:locked',
    ])
    const typed = unique('Battery-Staple-')
    await attempt(typed)
    const kept = sql<{
      n: number
    }>`select count(*)::int as n from security_events e where strpos(lower(e::text), ${typed.toLowerCase()}) > 0`
    expect((await kept.execute(past)).rows[0]?.n).toBe(0)
  })
})

describe('the mail about it', () => {
  const unlock = (token: string) => anonymous().post('/api/auth/unlock', { token })

  test('comes once an hour, and its link unlocks', async () => {
    const person = await somebody()
    await lock(person.username)
    const [mail, ...more] = await mailTo(person.email)
    expect([mail?.subject, more]).toEqual([expect.stringMatching(/^Too many failed sign-ins/), []])
    const path = new URL(mail?.link as string).pathname
    const browser = visitor()
    const page = await browser.get(path)
    expect([page.status, page.headers.get('referrer-policy')]).toEqual([200, 'no-referrer'])
    expect((await attempt(person.username, PASSWORD)).status).toBe(429)
    const done = await browser.post(path)
    expect([done.status, done.headers.get('location')]).toEqual([303, paths.login])
    expect((await attempt(person.username, PASSWORD)).status).toBe(200)
    expect(await trail(org, { request: done.headers.get('x-request-id') as string })).toMatchObject([
      { action: 'auth:unlock', actor_user_id: person.id },
    ])
    expect((await browser.post(path)).status).toBe(404)
    // again within the hour
    await lock(person.username)
    expect(await mailTo(person.email)).toEqual([])
    const earlier = past.updateTable('mails').set({ created_at: sql<string>`now() - interval '61 minutes'` })
    await earlier.where('account_id', '=', person.accountId).execute()
    await lockEnds(person)
    await lock(person.username)
    expect(await mailTo(person.email)).toHaveLength(1)
  })

  test('has a link that works once, however many use it at once', async () => {
    const person = await somebody()
    await lock(person.username)
    const [mail] = await mailTo(person.email)
    const token = mail?.link?.split('/').at(-1) as string
    const answers = await Promise.all(Array.from({ length: 50 }, () => unlock(token)))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(49)
  })

  test('goes to nobody who can’t sign in with a password', async () => {
    const person = await somebody()
    await past
      .updateTable('accounts')
      .set({ password_hash: null })
      .where('id', '=', person.accountId)
      .execute()
    await lock(person.username)
    expect(await mailsTo(person.email)).toEqual([])
  })
})

describe('an administrator', async () => {
  const { owner, member, viewer, colleague, outsider, foreigner } = await makePeople()
  const path = (id: string) => `/api/v1${paths.unlockUser(id)}`

  test('unlocks somebody at once, and their browsers, in the trail', async () => {
    const browser = await known(colleague)
    await lock(colleague.username)
    for (let tries = 0; tries < 3; tries++) await byForm(browser, colleague, WRONG)
    expect((await byForm(browser, colleague)).status).toBe(429)
    const page = await browserOf(owner).get(paths.user(colleague.id))
    expect(page.text).toContain(paths.unlockUser(colleague.id))
    const answer = await as(owner).post(path(colleague.id))
    expect([answer.status, answer.json<{ id: string }>().id], answer.text).toEqual([200, colleague.id])
    expect(await recorded(owner, answer, 'api')).toMatchObject([
      { action: 'user:unlock', target_type: 'user', target_id: colleague.id },
    ])
    expect(await securityEvents(colleague)).toContain('account:unlock')
    expect((await byForm(browser, colleague)).status).toBe(303)
    expect((await attempt(colleague.username, PASSWORD)).status).toBe(200)
    expect((await browserOf(owner).get(paths.user(colleague.id))).text).not.toContain(
      paths.unlockUser(colleague.id),
    )
  })

  test('does it by page, too', async () => {
    await lock(viewer.username)
    const answer = await browserOf(owner).post(paths.unlockUser(viewer.id))
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.user(viewer.id)])
    expect((await attempt(viewer.username, PASSWORD)).status).toBe(200)
  })

  test('needs the right to change everybody', async () => {
    await lock(colleague.username)
    const program = (who: Person) => () => as(who).post(path(colleague.id))
    await denied(member, 'user:update:all', program(member))
    await denied(viewer, 'user:update', program(viewer))
    const limited = await personWith(owner.org, ['user:update:own', 'user:read:all'])
    await denied(limited, 'user:update', program(limited))
    await hidden(outsider, program(outsider))
    await hidden(foreigner, program(foreigner))
    expect((await anonymous().post(path(colleague.id))).status).toBe(401)
    expect((await attempt(colleague.username, PASSWORD)).status).toBe(429)
    // who may not unlock isn't told either
    expect((await browserOf(member).get(paths.user(colleague.id))).text).not.toContain('Locked')
    expect((await browserOf(owner).get(paths.user(colleague.id))).text).toMatch(
      /Locked for \d+ more minutes? after/,
    )
    expect((await as(owner).post(path(colleague.id))).status).toBe(200)
  })
})
