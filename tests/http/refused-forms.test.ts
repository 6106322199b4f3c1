import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { codeOf, withFactor } from '#tests/accounts/factors.ts'
import { type Answer, Browser, browserOf, send, visitor } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  openSession,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { attributes, type Fields, fieldsIn, formIn } from '#tests/http/forms.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { app, owner: past, anotherProcess } = await testDatabase()
const people = await makePeople()
const { org, owner, member, colleague } = people
const typed = 'Zoë "& <Ada>'
const target = () => makeUser(org, { roles: [roleOf(org, 'user')] })

/** Ends all sessions of somebody, until the application knows of it. */
async function end(person: Person) {
  await past
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where('account_id', '=', person.accountId)
    .execute()
  await expect.poll(async () => (await browserOf(person).get('/me')).status).toBe(303)
}
/** A person of their own, since their sessions end. */
const editor = () => makeUser(org, { roles: [roleOf(org, 'owner')] })
const nameOf = async (id: string) =>
  (await past.selectFrom('users').select('first_name').where('id', '=', id).executeTakeFirstOrThrow())
    .first_name

/** A form to change somebody in, filled in. */
async function filled(browser: Browser): Promise<{ whom: Person; path: string; form: Fields }> {
  const whom = await target()
  const path = `/users/${whom.id}`
  const form = formIn(await browser.get(`${path}/edit`), path)
  return { whom, path, form: { ...form, first_name: typed } }
}

/** Signs in by the page that a refused form was answered with. */
async function signedIn(browser: Browser, refused: Answer, { username }: Person) {
  return browser.post('/login', { ...formIn(refused, '/login'), username, password: PASSWORD })
}

const COMES_BACK = 'Check what you entered, then send it again'

describe('a form that is sent when the session has ended', () => {
  test('comes again after signing in, as it was typed, and is saved then', async () => {
    const by = await editor()
    const browser = browserOf(by)
    const { whom, path, form } = await filled(browser)
    await end(by)
    const refused = await browser.post(path, form)
    expect(refused.status).toBe(401)
    expect(refused.text).toContain('Your session ended. What you entered is kept')
    const signIn = formIn(refused, '/login')
    expect(signIn.kept).not.toContain('csrf_token')
    // a wrong password loses nothing
    const wrong = await browser.post('/login', {
      ...signIn,
      username: by.username,
      password: 'Wrong-Horse-7',
    })
    expect([wrong.status, formIn(wrong, '/login').kept]).toEqual([401, signIn.kept])
    const again = await signedIn(browser, wrong, by)
    expect(again.text).toContain(COMES_BACK)
    const back = formIn(again, path)
    expect([back.first_name, back.version, await nameOf(whom.id)]).toEqual([typed, form.version, ''])
    expect((await browser.post(path, back)).status).toBe(303)
    expect(await nameOf(whom.id)).toBe(typed)
  })

  test('comes again after a second factor, too', async () => {
    const by = await editor()
    const browser = browserOf(by)
    const { path, form } = await filled(browser)
    const factor = await withFactor(by)
    await end(by)
    const asked = await signedIn(browser, await browser.post(path, form), by)
    const code = { ...formIn(asked, '/login/code'), code: await codeOf(factor) }
    const again = await browser.post('/login/code', code)
    expect([again.status, formIn(again, path).first_name]).toEqual([403, typed])
    expect((await browser.get('/users')).status).toBe(200)
  })

  test('is somebody else’s once they sign in: saved by nobody unasked, and by whoever may', async () => {
    const by = await editor()
    const browser = browserOf(by)
    const { whom, path, form } = await filled(browser)
    await end(by)
    const again = await signedIn(browser, await browser.post(path, form), colleague)
    expect([again.status, again.text.includes('This form is out of date'), await nameOf(whom.id)]).toEqual([
      403,
      true,
      '',
    ])
  })

  test('doesn’t undo what was changed meanwhile', async () => {
    const by = await editor()
    const browser = browserOf(by)
    const { path, form } = await filled(browser)
    await end(by)
    const refused = await browser.post(path, form)
    expect((await browserOf(owner).patch(path, { first_name: 'Theirs' })).status).toBe(303)
    const back = formIn(await signedIn(browser, refused, by), path)
    const both = await browser.post(path, back)
    expect([both.status, both.text.includes('Theirs')]).toEqual([412, true])
  })

  test.each([
    '/users/:id/roles',
    '/me/switch',
    '/roles',
    '/invitations/many',
    '/access/matrix',
    '/users/bulk',
  ])('is kept: %s', async (pattern) => {
    const browser = visitor()
    const path = pattern.replace(':id', owner.id)
    const refused = await browser.post(path, { reason: typed, held: ['a', 'b'], other: '' })
    const kept = formIn(refused, '/login').kept as string
    expect(kept.startsWith(`${path}?`)).toBe(true)
    expect([...new URLSearchParams(kept.slice(path.length + 1))]).toEqual([
      ['reason', typed],
      ['held', 'a'],
      ['held', 'b'],
      ['other', ''],
    ])
  })

  test('keeps no secret, and not what is too long to be kept', async () => {
    const secrets = { password: 'S3cret-Horse', old_password: 'S3cret-Horse', new_password: 'S3cret-Horse' }
    const refused = await visitor().post('/me/security/password', { ...secrets, code: '123456', left: 'x' })
    expect(formIn(refused, '/login').kept).toBe('/me/security/password?left=x')
    expect(refused.text).not.toContain('S3cret-Horse')
    const long = await visitor().patch('/me', { reason: 'x'.repeat(50_000) })
    expect([long.status, formIn(long, '/login').kept]).toEqual([401, undefined])
    const longer = await visitor().patch('/me', { reason: 'x'.repeat(70_000) })
    expect([longer.status, longer.headers.get('location')]).toEqual([303, '/login'])
  })

  test.each([
    ['from elsewhere', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['from beside', { 'Sec-Fetch-Site': 'same-site' }],
  ])('is not kept %s', async (_, headers) => {
    const refused = await visitor().post('/me', { first_name: typed, _method: 'PATCH' }, headers)
    expect(refused.text).not.toContain('kept')
    const signed = await browserOf(owner).post('/me', { first_name: typed, _method: 'PATCH' }, headers)
    expect([signed.status, signed.text.includes('Zoë')]).toEqual([403, false])
  })

  test('leads nowhere but to a form of ours', async () => {
    for (const kept of ['https://evil.example/?a=b', '//evil.example?a', '/\\evil.example', 'x']) {
      const answer = await visitor().post('/login', { username: member.username, password: PASSWORD, kept })
      expect([answer.status, answer.headers.get('location')]).toEqual([422, null])
    }
  })
})

describe('a form of a page from before', () => {
  test('stays when the password was changed in another tab', async () => {
    const by = await editor()
    const browser = browserOf(by)
    const { path, form } = await filled(browser)
    const change = { old_password: PASSWORD, new_password: 'Battery-Staple-8' }
    expect((await browser.post('/me/security/password', change)).status).toBe(303)
    const refused = await browser.post(path, form)
    expect([refused.status, refused.text.includes(COMES_BACK)]).toEqual([403, true])
    const back = formIn(refused, path)
    expect(back.first_name).toBe(typed)
    expect((await browser.post(path, back)).status).toBe(303)
  })

  test('stays when somebody else signed in in another tab, and says who', async () => {
    const [by, next] = [await editor(), await editor()]
    const browser = browserOf(by)
    const { path, form } = await filled(browser)
    browser.cookies.set('session', next.cookie)
    const refused = await browser.post(path, form)
    expect(refused.text).toContain(`You’re signed in as ${next.username}.`)
    expect(formIn(refused, path).first_name).toBe(typed)
  })

  test('is a second form to sign in with: the name stays, and whoever is signed in can go on', async () => {
    const browser = visitor()
    const [one, other] = [await browser.get('/login'), await browser.get('/login')]
    const { username } = member
    const given = { username, password: PASSWORD }
    expect((await browser.post('/login', { ...formIn(one, '/login'), ...given })).status).toBe(303)
    const refused = await browser.post('/login', { ...formIn(other, '/login'), ...given })
    expect(refused.text).toContain('You’re signed in as')
    expect([refused.status, formIn(refused, '/login').username]).toEqual([403, username])
    expect((await browser.post('/login', { ...formIn(refused, '/login'), ...given })).status).toBe(303)
  })
})

test('a form for which somebody has to prove who they are comes again once they have', async () => {
  const by = await editor()
  const browser = browserOf(by)
  const form = formIn(await browser.get('/api-keys/new'), '/api-keys')
  await past
    .updateTable('sessions')
    .set({ proved_at: sql<string>`now() - interval '11 minutes'` })
    .where('account_id', '=', by.accountId)
    .execute()
  const refused = await browser.post('/api-keys', { ...form, name: typed, permissions: 'user:read:own' })
  expect([refused.status, refused.text.includes('Confirm your password')]).toEqual([403, true])
  const wrong = await browser.post('/me/confirm', { ...formIn(refused, '/me/confirm'), password: 'Wrong-7' })
  expect(wrong.status).toBe(422)
  const proved = await browser.post('/me/confirm', { ...formIn(wrong, '/me/confirm'), password: PASSWORD })
  const back = formIn(proved, '/api-keys')
  expect([back.name, [back.permissions].flat()]).toEqual([typed, ['', 'user:read:own']])
  const made = await browser.post('/api-keys', { ...back, expires_at: '' })
  expect(made.status, made.text).toBe(201)
})

describe('everything that was typed comes again', async () => {
  const group = await makeGroup(org, { name: unique('Group') })
  const role = await makeRole(org, { name: unique('role'), permissions: ['user:read:own'] })
  const whom = await target()
  const key = await withKey(owner, ['user:read:own'])
  const invitation = await invite(owner)
  const pages = [
    '/users/new',
    `/users/${whom.id}/edit`,
    `/users/${whom.id}/roles`,
    '/roles/new',
    `/roles/${role}/edit`,
    '/groups/new',
    `/groups/${group}/edit`,
    `/groups/${group}/members`,
    '/departments/new',
    '/permissions/new',
    '/invitations/new',
    `/invitations/${invitation.id}/edit`,
    '/service-accounts/new',
    '/api-keys/new',
    `/api-keys/${key.key}/edit`,
    `/api-keys/${key.key}/rotate`,
    '/me',
    '/me/security',
    `/organizations/${org.id}/edit`,
  ]

  test.each(pages)('into the form of %s', async (page) => {
    const browser = browserOf(owner)
    const { text } = await browser.get(page)
    const main = text.slice(text.indexOf('<main'))
    let filled = 0
    for (const [, head = '', form = ''] of main.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)) {
      const { action = '', method } = attributes(head)
      const { csrf_token: _, ...fields } = fieldsIn(form, typed)
      const visible = Object.keys(fields).filter((name) => !['_method', 'version'].includes(name))
      if (method !== 'post' || !visible.length) continue
      filled++
      const refused = await browser.post(action, { ...fields, csrf_token: 'of a session before' })
      expect(refused.status, action).toBe(403)
      const { csrf_token: __, ...back } = formIn(refused, action)
      expect(back, action).toEqual(fields)
    }
    expect(filled).toBeGreaterThan(0)
  })
})

describe('what stands in the way stands where the form stands', () => {
  const summary = (text: string) => /<div class="error-summary".*?<\/div>/s.exec(text)?.[0] ?? ''

  test('the last administrator, on the page of the person; another goes', async () => {
    const org = await makeOrganization()
    // as strong as anybody, but only for an hour: somebody else has to be left
    const by = await makeUser(org)
    await assign(org, by.id, { id: roleOf(org, 'owner'), expires: '1 hour' })
    const [one, last] = [
      await makeUser(org, { roles: [roleOf(org, 'admin')] }),
      await makeUser(org, { roles: [roleOf(org, 'admin')] }),
    ]
    const browser = browserOf(by)
    expect((await browser.delete(`/users/${one.id}`)).status).toBe(303)
    const refused = await browser.delete(`/users/${last.id}`)
    expect(refused.status).toBe(409)
    expect(summary(refused.text)).toContain('No one would be left who can manage roles')
    // the record, with what can be done with it
    expect(refused.text).toContain(`href="/users/${last.id}/delete"`)
    expect((await browser.delete(`/users/${(await makeUser(org)).id}`)).status).toBe(303)
  })

  test('oneself, on the page of the person', async () => {
    const refused = await browserOf(owner).delete(`/users/${owner.id}`)
    expect(refused.status).toBeGreaterThanOrEqual(403)
    expect(summary(refused.text)).not.toBe('')
    expect(refused.text).toContain(`/users/${owner.id}/edit`)
  })

  test('a database that takes too long: the form, with what was typed', async () => {
    await using slow = await anotherProcess({ DATABASE_STATEMENT_TIMEOUT_MS: '300' })
    const browser = browserOf(owner, slow.app)
    const { whom, path, form } = await filled(browser)
    const refused = await past.transaction().execute(async (tx) => {
      await sql`select from users where id = ${whom.id} for update`.execute(tx)
      return browser.post(path, form)
    })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
    expect(formIn(refused, path).first_name).toBe(typed)
    expect((await browser.post(path, formIn(refused, path))).status).toBe(303)
    expect(await nameOf(whom.id)).toBe(typed)
  })

  test('a database that is away: what was typed is sent once more', async () => {
    const away = await anotherProcess()
    const browser = browserOf(owner, away.app)
    const { whom, path, form } = await filled(browser)
    await away.db.close()
    const refused = await browser.post(path, form)
    await away.listener.close()
    expect(refused.status).toBeGreaterThanOrEqual(500)
    const again = formIn(refused, path)
    expect(again.first_name).toBe(typed)
    const here = browserOf(owner)
    expect((await here.post(path, { ...again, csrf_token: here.formToken })).status).toBe(303)
    expect(await nameOf(whom.id)).toBe(typed)
  })

  test('a limit that is met, before and after the form is read', async () => {
    await using limited = await anotherProcess({ RATE_LIMIT_ENABLED: 'true', SIGN_IN_ATTEMPTS: '2' })
    const by = await editor()
    const browser = browserOf(by, limited.app)
    const answers: Answer[] = []
    for (let tries = 0; tries < 3; tries++)
      answers.push(
        await browser.post('/me/security/email', { email: 'zoe@example.com', password: 'Wrong-7' }),
      )
    const [, , over] = answers as [Answer, Answer, Answer]
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 429])
    expect(summary(over.text)).toMatch(/Try again in \d+ seconds/)
    expect(formIn(over, '/me/security/email').email).toBe('zoe@example.com')
  })

  test('nothing of it is a question for programs', async () => {
    const refused = await send('http://localhost/users', {
      method: 'POST',
      headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'first_name=x',
    })
    expect([refused.status, refused.json().title]).toEqual([401, 'Sign in first'])
  })
})

describe('who asks again for what a form was sent to gets the page that it stands on', () => {
  const pages = endpoints.filter(
    ({ method, only, access }) => method !== 'GET' && (!only || only === 'page') && !('public' in access),
  )
  const own = new Set(endpoints.filter(({ method }) => method === 'GET').map(({ path }) => path))
  const elsewhere: Record<string, string> = {
    '/me/detach': '/me/switch',
    '/invitations/many': '/invitations/new',
    ...Object.fromEntries(
      ['/users', '/groups', '/departments', '/invitations'].map((path) => [
        `${path}/imports`,
        `${path}/import`,
      ]),
    ),
  }

  test.each(pages.filter(({ path }) => !own.has(path)).map(({ path }) => path))('%s', async (path) => {
    const address = path.replace(/:\w+/g, member.id)
    const answer = await browserOf(owner).get(address)
    expect(answer.status).toBe(303)
    const to = answer.headers.get('location') ?? ''
    if (path in elsewhere) expect(to).toBe(elsewhere[path])
    else expect(address.startsWith(to)).toBe(true)
    expect(
      endpoints.some(
        ({ method, path }) => method === 'GET' && address.startsWith(path.replace(/:\w+/g, member.id)),
      ),
    ).toBe(true)
    // programs are told what there is
    expect((await browserOf(owner).get(address, { Accept: 'application/json' })).status).toBe(405)
  })
})

describe('a page with a script is told what to ask first', () => {
  const partial = { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }
  const first = ({ headers }: Answer) => headers.get('x-ask')

  test('and keeps its form: nothing but a message is sent back', async () => {
    const by = await editor()
    const browser = browserOf(by)
    const { path, form } = await filled(browser)
    browser.cookies.set('session', (await editor()).cookie)
    const stale = await browser.post(path, form, partial)
    expect([stale.status, first(stale), stale.text.startsWith('<div class="error-summary"')]).toEqual([
      403,
      '/me/resume',
      true,
    ])
    browser.cookies.delete('session')
    expect(first(await browser.post(path, form, partial))).toBe('/login?next=%2Fme%2Fresume')
    const dialog = await browser.get('/login?next=%2Fme%2Fresume', { ...partial, 'HX-Target': 'dialog' })
    // a link that leads there is a page like any other
    expect((await browser.get('/login?next=%2Fme%2Fresume', partial)).text).toMatch(/^<!doctype html>/i)
    expect(dialog.text).toMatch(/^<dialog.*Your session ended.*Enter your password to continue/s)
  })

  test('which is the password where something is dangerous', async () => {
    const by = await editor()
    const browser = new Browser(await openSession(by, 'browser', { proved: '11 minutes' }), app)
    const refused = await browser.post('/api-keys', { name: unique('key') }, partial)
    expect([refused.status, first(refused)]).toEqual([403, '/me/confirm?next=%2Fme%2Fresume'])
    expect(refused.text).not.toContain('<main')
  })
})
