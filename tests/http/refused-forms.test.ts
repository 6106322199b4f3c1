import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { codeOf, withFactor } from '#tests/accounts/factors.ts'
import { type Answer, type Browser, browserOf, visitor } from '#tests/client.ts'
import { makeUser, roleOf } from '#tests/factories.ts'
import { type Fields, formIn } from '#tests/http/forms.ts'
import { end, nameOf } from '#tests/http/sessions-over.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past } = await testDatabase()
const people = await makePeople()
const { org, owner, member, colleague } = people
const typed = 'Zoë "& <Ada>'
const target = () => makeUser(org, { roles: [roleOf(org, 'user')] })

/** A person of their own, since their sessions end. */
const editor = () => makeUser(org, { roles: [roleOf(org, 'owner')] })

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
