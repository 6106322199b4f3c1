import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { denied, hidden, recorded, trail } from '#tests/access/trail.ts'
import { anew, codeOf, type Factor, withFactor } from '#tests/accounts/factors.ts'
import { mailsTo, securityEvents } from '#tests/accounts/links.ts'
import { anonymous, as, browserOf, Program, visitor } from '#tests/client.ts'
import {
  assign,
  makeOrganization,
  makeRole,
  makeUser,
  openSession,
  platformOrganization,
  roleOf,
} from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config, app } = await testDatabase()
const org = await makeOrganization()
const cookies = new Cookies(config)

const asking = (role: string, required = true) =>
  owner.updateTable('roles').set({ second_factor_required: required }).where('id', '=', role).execute()
const strict = await makeRole(org, { permissions: ['user:read:all'] })
await asking(strict)
const bound = (...roles: string[]) => makeUser(org, { roles: roles.length ? roles : [strict] })
const lacks = async (person: Person) => {
  const answer = await as(person).get('/api/auth/me')
  return answer.status === 200 ? null : answer.json().type
}
const SETUP = 'second-factor-setup-required'

describe('a role that asks for a second factor', () => {
  test('keeps everything from who has none, but setting it up and going', async () => {
    const person = await bound()
    const early = endpoints
      .filter(({ allowedBeforeSecondFactor }) => allowedBeforeSecondFactor)
      .map(({ method, path }) => `${method} ${path}`)
    expect(early.sort()).toEqual([
      'GET /auth/second-factor',
      'GET /me/confirm',
      'GET /me/resume',
      'GET /me/security/second-factor',
      'POST /auth/confirm',
      'POST /auth/logout',
      'POST /auth/second-factor',
      'POST /auth/second-factor/verify',
      'POST /logout',
      'POST /me/confirm',
      'POST /me/security/second-factor',
    ])
    const [program, browser] = [as(person), browserOf(person)]
    for (const { method, path, access, allowedBeforeSecondFactor, only } of endpoints) {
      if (allowedBeforeSecondFactor || 'public' in access) continue
      const address = path.replace(/:\w+/g, person.id)
      const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'
      // a refusal for the want of a permission tells as little
      const may = 'can' in access && !/^user:read$/.test(access.can)
      if (only !== 'page') {
        const answer = await program[verb](`/api${address}`)
        expect([answer.status, may || answer.json().type === SETUP], `${method} ${path}`).toEqual([403, true])
      }
      if (only !== 'api' && !may) {
        const page = await browser[verb](address)
        expect(page.headers.get('location') ?? page.text, `${method} ${path}`).toMatch(
          new RegExp(`^${paths.secondFactor}|${SETUP}`),
        )
      }
    }
    expect((await program.post('/api/auth/logout')).status).toBe(204)
  })

  test('leads somebody to set it up right after signing in, and then to where they wanted', async () => {
    const { username } = await bound()
    const browser = visitor()
    expect(
      (await browser.post(paths.login, { username, password: PASSWORD, next: '/me' })).headers.get(
        'location',
      ),
    ).toBe('/me')
    const led = await browser.get('/me')
    expect(led.headers.get('location')).toBe(`${paths.secondFactor}?next=%2Fme`)
    const page = await browser.get(`${paths.secondFactor}?next=%2Fme`)
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('One of your roles requires it')])
    expect(page.text).toContain(`action="${paths.logout}"`)
    expect(page.text).not.toContain('href="/users"')
  })

  test('asks a session that has not passed it for a code, which then may go on', async () => {
    const person = await bound()
    const factor = await withFactor(person, { passed: false })
    const refused = await as(person).get('/api/auth/me')
    expect([refused.status, refused.json().type]).toEqual([403, 'second-factor-required'])
    const confirm = `/api${paths.auth.reauthenticate}`
    expect((await as(person).post(confirm, { password: PASSWORD })).status).toBe(204)
    expect((await as(person).get('/api/auth/me')).status).toBe(403)
    expect((await as(person).post(confirm, { code: await codeOf(factor) })).status).toBe(204)
    expect((await as(person).get('/api/auth/me')).status).toBe(200)
    // a browser goes on under another cookie
    await anew(person)
    const browser = browserOf(person)
    const led = await browser.get('/me')
    expect(led.headers.get('location')).toBe(`${paths.reauthenticate}?next=%2Fme`)
    const page = await browser.get(`${paths.reauthenticate}?next=%2Fme`)
    expect(page.text).not.toContain('type="password"')
    const done = await browser.post(paths.reauthenticate, { code: await codeOf(factor), next: '/me' })
    expect([done.status, done.headers.get('location')]).toEqual([303, '/me'])
    expect(browser.cookies.get(cookies.session)).not.toBe(person.cookie)
    expect((await browser.get('/me')).status).toBe(200)
  })

  test('lets who signed in with a code do everything', async () => {
    const person = await bound()
    const factor = await withFactor(person, { passed: false })
    const credentials = { username: person.username, password: PASSWORD, code: await codeOf(factor) }
    const { access_token } = (await anonymous().post('/api/auth/login', credentials)).json<{
      access_token: string
    }>()
    expect((await new Program(access_token, app).get('/api/users')).status).toBe(200)
  })

  test('asks through roles that inherit from it, while all of them count', async () => {
    const middle = await makeRole(org, { parents: [strict] })
    const leaf = await makeRole(org, { parents: [middle] })
    const person = await bound(leaf)
    expect(await lacks(person)).toBe(SETUP)
    const turned = async (role: string, set: object) => {
      await owner.updateTable('roles').set(set).where('id', '=', role).execute()
      return lacks(person)
    }
    await expect.poll(() => turned(middle, { status: 'disabled' })).toBeNull()
    await expect.poll(() => turned(middle, { status: 'active' })).toBe(SETUP)
    await expect.poll(() => turned(strict, { status: 'disabled' })).toBeNull()
    await expect.poll(() => turned(strict, { status: 'active' })).toBe(SETUP)
    await expect.poll(() => turned(strict, { second_factor_required: false })).toBeNull()
    await expect.poll(() => turned(strict, { second_factor_required: true })).toBe(SETUP)
    await expect.poll(() => turned(leaf, { deleted_at: new Date().toISOString() })).toBeNull()
  })

  test('asks nobody whose assignment has ended, and nobody of another organization', async () => {
    const ended = await makeUser(org)
    await assign(org, ended.id, { id: strict, expires: '-1 second' })
    expect(await lacks(ended)).toBeNull()
    const soon = await makeUser(org)
    await assign(org, soon.id, { id: strict, expires: '700 milliseconds' })
    expect(await lacks(soon)).toBe(SETUP)
    await expect.poll(() => lacks(soon), { timeout: 3000 }).toBeNull()
    const other = await makeOrganization()
    expect(await lacks(await makeUser(other, { roles: [roleOf(other, 'owner')] }))).toBeNull()
  })

  test('asks at once, also in sessions that are open, and again once the factor is off', async () => {
    const role = await makeRole(org, { permissions: ['user:read:own'] })
    const person = await bound(role)
    expect(await lacks(person)).toBeNull()
    const admin = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const changed = await as(admin).patch(`/api/roles/${role}`, { second_factor_required: true })
    expect(changed.status, changed.text).toBe(200)
    expect((await recorded(admin, changed, 'api'))[0]).toMatchObject({
      action: 'role:update',
      data: { after: { second_factor_required: true } },
    })
    await expect.poll(() => lacks(person)).toBe(SETUP)
    await withFactor(person)
    await expect.poll(() => lacks(person)).toBeNull()
    expect((await as(person).delete(`/api${paths.auth.secondFactor}`)).status).toBe(204)
    expect(await lacks(person)).toBe(SETUP)
  })

  test('knows at once of a factor that came or went without the session', async () => {
    const person = await bound()
    expect(await lacks(person)).toBe(SETUP)
    const factor = { account_id: person.accountId as string, secret: Buffer.alloc(48), last_step: 0 }
    await owner.insertInto('totp_credentials').values(factor).execute()
    await expect.poll(() => lacks(person), { timeout: 1000 }).toBe('second-factor-required')
    await owner.deleteFrom('totp_credentials').where('account_id', '=', factor.account_id).execute()
    await expect.poll(() => lacks(person), { timeout: 1000 }).toBe(SETUP)
  })

  test('goes with a superadmin into the organizations that they enter', async () => {
    const platform = await platformOrganization()
    const superadmin = await makeSuperadmin()
    await entered(superadmin, org)
    expect(await lacks(superadmin)).toBeNull()
    await asking(roleOf(platform, 'superadmin'))
    try {
      await expect.poll(() => lacks(superadmin)).toBe(SETUP)
    } finally {
      await asking(roleOf(platform, 'superadmin'), false)
    }
  })
})

describe('an administrator takes a second factor away', async () => {
  const people = await makePeople()
  const { owner: boss, admin, member, outsider, viewer, colleague, foreigner } = people
  const target = async (options: object = {}): Promise<Person & { factor: Factor }> => {
    const person = await makeUser(people.org, { groups: [people.group], ...options })
    return { ...person, factor: await withFactor(person) }
  }
  const reset = (who: Person, { id }: Person) => as(who).post(`/api${paths.resetSecondFactor(id)}`)
  const has = async ({ accountId }: Person) =>
    (await owner.selectFrom('totp_credentials').where('account_id', '=', accountId).selectAll().execute())
      .length > 0

  test('works: sessions end, the person is told, and it is in the trail', async () => {
    const person = await target()
    expect((await browserOf(admin).get(`/users/${person.id}`)).text).toContain(
      paths.resetSecondFactor(person.id),
    )
    const answer = await reset(admin, person)
    expect(answer.status, answer.text).toBe(200)
    expect(await has(person)).toBe(false)
    await expect.poll(async () => (await as(person).get('/api/auth/me')).status).toBe(401)
    const lines = (await recorded(admin, answer, 'api')).map(({ action, target_id }) => [action, target_id])
    expect(lines).toContainEqual(['user:reset_second_factor', person.id])
    expect(await mailsTo(person.email)).toMatchObject([{ template: 'second-factor' }])
    expect(await securityEvents(person)).toEqual(['account:reset_second_factor'])
    expect((await reset(admin, person)).status).toBe(409)
    expect((await browserOf(admin).get(`/users/${person.id}`)).text).not.toContain(
      paths.resetSecondFactor(person.id),
    )
  })

  test('works as a form', async () => {
    const person = await target()
    const answer = await browserOf(boss).post(paths.resetSecondFactor(person.id))
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/users/${person.id}`])
    expect(await has(person)).toBe(false)
  })

  test('is refused to others, who change nothing', async () => {
    const person = await target()
    await denied(member, 'user:update:all', () => reset(member, person))
    await denied(colleague, 'user:update', () => reset(colleague, person))
    await denied(viewer, 'user:update', () => reset(viewer, person))
    await hidden(outsider, () => reset(outsider, person))
    await hidden(foreigner, () => reset(foreigner, person), people.org)
    expect(await has(person)).toBe(true)
  })

  test('is refused for somebody stronger, for an account of their own, and for oneself', async () => {
    const weaker = await personWith(people.org, ['user:read:all', 'user:update:all'])
    const strong = await target({ roles: [roleOf(people.org, 'owner')] })
    expect((await reset(weaker, strong)).status).toBe(403)
    const free = await target({ managed: false })
    expect((await browserOf(admin).get(`/users/${free.id}`)).text).not.toContain(
      paths.resetSecondFactor(free.id),
    )
    await denied(admin, 'account', () => reset(admin, free))
    await withFactor(admin)
    expect((await reset(admin, admin)).status).toBe(409)
    for (const person of [strong, free, admin]) expect(await has(person)).toBe(true)
  })

  test('takes a fresh proof', async () => {
    const person = await target()
    const token = await openSession(boss, 'token', { proved: '11 minutes' })
    const answer = await new Program(token, app).post(`/api${paths.resetSecondFactor(person.id)}`)
    expect(answer.json().type).toBe('reauthentication-required')
    expect(await has(person)).toBe(true)
  })

  test('is nothing to do from within, for who may not', async () => {
    const [person, nobody] = [await target(), await makeUser(people.org)]
    const context = { orgId: people.org.id, context: JSON.stringify({ org: people.org.id, user: nobody.id }) }
    const { db } = await testDatabase()
    const done = db.withActor(context, (tx) => sql`select app.reset_second_factor(${person.id})`.execute(tx))
    await expect(done).rejects.toMatchObject({ code: '42501' })
    expect((await trail(people.org, { target: person.id })).map(({ action }) => action)).not.toContain(
      'user:reset_second_factor',
    )
  })
})
