import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { type Answer, Browser, browserOf, send } from '#tests/client.ts'
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
import { nameOf } from '#tests/http/sessions-over.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app, owner: past, anotherProcess } = await testDatabase()
const people = await makePeople()
const { org, owner, member } = people
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
    await using limited = await anotherProcess({
      RATE_LIMIT_ENABLED: 'true',
      SIGN_IN_ATTEMPTS: '2',
      TRUSTED_PROXIES: '192.0.2.0/24',
    })
    // an address of its own: others count against the usual one
    const from = { 'X-Forwarded-For': '203.0.113.145' }
    const by = await editor()
    const browser = browserOf(by, limited.app)
    const answers: Answer[] = []
    for (let tries = 0; tries < 3; tries++)
      answers.push(
        await browser.post('/me/security/email', { email: 'zoe@example.com', password: 'Wrong-7' }, from),
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
