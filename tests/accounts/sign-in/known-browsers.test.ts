import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { mailsTo } from '#tests/accounts/links.ts'
import { anonymous, type Browser, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, config } = await testDatabase()
const org = await makeOrganization()
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')] })
const cookies = new Cookies(config)
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
/** A browser in which somebody has signed in before, and isn't now. */
async function known(person: Person): Promise<Browser> {
  const browser = visitor()
  expect((await byForm(browser, person)).status).toBe(303)
  expect((await browser.post(paths.logout)).status).toBe(303)
  await browser.get(paths.login)
  return browser
}

describe('a browser in which somebody signed in before', () => {
  test('lets them in although strangers locked the name, and does not unlock it for those', async () => {
    const person = await somebody()
    const browser = await known(person)
    await lock(person.username)
    expect((await byForm(visitor(), person)).status).toBe(429)
    expect((await byForm(browser, person)).status).toBe(303)
    expect((await byForm(visitor(), person)).status).toBe(429)
    expect((await attempt(person.username)).status).toBe(429)
  })

  test('has a smaller count of its own', async () => {
    const person = await somebody()
    const browser = await known(person)
    const most = Math.ceil(config.LOCKOUT_ATTEMPTS / 2)
    for (let tries = 1; tries < most; tries++) expect((await byForm(browser, person, WRONG)).status).toBe(401)
    expect((await byForm(browser, person, WRONG)).status).toBe(429)
    expect((await byForm(browser, person)).status).toBe(429)
    // the name isn't locked for that
    expect((await byForm(visitor(), person)).status).toBe(303)
    expect(await mailsTo(person.email)).toEqual([])
  })

  test('forgets its failures when somebody signs in', async () => {
    const person = await somebody()
    const browser = await known(person)
    for (let round = 0; round < 3; round++) {
      expect((await byForm(browser, person, WRONG)).status).toBe(401)
      expect((await byForm(browser, person)).status).toBe(303)
      await browser.post(paths.logout)
      await browser.get(paths.login)
    }
  })

  test('is known by a cookie that scripts can’t read, new at each sign-in, and stored as a hash', async () => {
    const person = await somebody()
    const browser = visitor()
    const answer = await byForm(browser, person)
    const line = answer.headers.getSetCookie().find((cookie) => cookie.startsWith(`${cookies.device}=`))
    expect(line).toMatch(/^device=[\w-]{43}; Max-Age=15724800; Path=\/; HttpOnly; SameSite=Lax$/)
    const first = browser.cookies.get(cookies.device) as string
    const hashes = async () =>
      (
        await past
          .selectFrom('known_devices')
          .where('account_id', '=', person.accountId)
          .select('hash')
          .execute()
      ).map(({ hash }) => hash)
    expect(await hashes()).toEqual([tokenHash(first)])
    await browser.post(paths.logout)
    expect(browser.cookies.get(cookies.device)).toBe(first)
    await browser.get(paths.login)
    await byForm(browser, person)
    const second = browser.cookies.get(cookies.device) as string
    expect(second).not.toBe(first)
    expect(await hashes()).toEqual([tokenHash(second)])
  })

  test('that was planted is known to nobody else after a sign-in', async () => {
    const [person, attacker] = [await somebody(), await somebody()]
    const theirs = await known(attacker)
    const planted = theirs.cookies.get(cookies.device) as string
    const browser = visitor()
    browser.cookies.set(cookies.device, planted)
    expect((await byForm(browser, person)).status).toBe(303)
    await lock(person.username)
    theirs.cookies.set(cookies.device, planted)
    expect((await byForm(theirs, person)).status).toBe(429)
  })

  test('may be shared, and stays known to both', async () => {
    const [one, two] = [await somebody(), await somebody()]
    const browser = await known(one)
    await byForm(browser, two)
    await browser.post(paths.logout)
    for (const person of [one, two]) {
      await lock(person.username)
      await browser.get(paths.login)
      expect((await byForm(browser, person)).status).toBe(303)
      await browser.post(paths.logout)
    }
  })

  test.each([
    ['of somebody else', async () => (await known(await somebody())).cookies.get(cookies.device) as string],
    ['that nobody was given', async () => newToken()],
    ['that is none', async () => "x' or '1'='1"],
  ])('is not one with a cookie %s', async (_, make) => {
    const person = await somebody()
    await known(person)
    const browser = visitor()
    browser.cookies.set(cookies.device, await make())
    await lock(person.username)
    expect((await byForm(browser, person)).status).toBe(429)
  })

  test('is forgotten when the password is chosen anew, except where that is done', async () => {
    const person = await somebody()
    const [here, elsewhere] = [await known(person), await known(person)]
    await byForm(here, person)
    const change = { old_password: PASSWORD, new_password: 'Battery-Staple-8' }
    await here.get(paths.security)
    expect((await here.post(paths.myPassword, change)).status).toBe(303)
    await here.post(paths.logout)
    await lock(person.username)
    for (const browser of [here, elsewhere]) await browser.get(paths.login)
    expect((await byForm(elsewhere, person, 'Battery-Staple-8')).status).toBe(429)
    expect((await byForm(here, person, 'Battery-Staple-8')).status).toBe(303)
  })

  test('is one of twenty at most, the ones that were used last', async () => {
    const person = await somebody()
    const first = await known(person)
    for (let more = 0; more < 20; more++) await known(person)
    const { length } = await past
      .selectFrom('known_devices')
      .where('account_id', '=', person.accountId)
      .select('hash')
      .execute()
    expect(length).toBe(20)
    await lock(person.username)
    expect((await byForm(first, person)).status).toBe(429)
  })
})
