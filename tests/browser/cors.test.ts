import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '#src/app.ts'
import { Cookies } from '#src/http/cookies.ts'
import { csrfToken } from '#src/http/csrf.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { makeUser } from '#tests/factories.ts'
import { makePeople, type People } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const portOf = (server: Server | ServerType) => (server.address() as AddressInfo).port

/** What a page gets of a request: the answer and what it may read of it, or that the browser kept it back. */
type Got = { status: number; etag: string | null; request: string | null; text: string } | 'kept back'

describe.skipIf(!installed && !process.env.CI)('A page on another origin, in a browser', async () => {
  const here = await testDatabase()
  let browser: Browser
  let people: People
  let pages: Server
  let api: ServerType
  let address: string
  let listed: Page
  let stranger: Page

  beforeAll(async () => {
    people = await makePeople()
    browser = await launch()
    pages = createServer((_, answer) =>
      answer.setHeader('Content-Type', 'text/html').end('<title>Elsewhere</title>'),
    )
    await once(pages.listen(0), 'listening')
    const origin = (host: string) => `http://${host}:${portOf(pages)}`
    const config = testConfig({ CORS_ORIGINS: origin('localhost') })
    const app = createApp({ ...here, config })
    api = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    await once(api, 'listening')
    address = `http://localhost:${portOf(api)}`
    listed = await opened(origin('localhost'))
    stranger = await opened(origin('127.0.0.1'))
  })
  afterAll(async () => {
    await browser?.close()
    pages?.close()
    api?.close()
  })

  /** A page at an origin, in a browser in which the owner is signed in with us. */
  async function opened(origin: string): Promise<Page> {
    const context = await browser.newContext()
    const { session } = new Cookies(here.config)
    await context.addCookies([{ name: session, value: people.owner.cookie, url: address }])
    const page = await context.newPage()
    await page.goto(origin)
    return page
  }

  /** Fetches as a script of the page would. */
  const fetches = (page: Page, path: string, init: object = {}): Promise<Got> =>
    page.evaluate(
      async ([url, init]) => {
        try {
          const answer = await fetch(url, init)
          const { status, headers } = answer
          return {
            status,
            etag: headers.get('etag'),
            request: headers.get('x-request-id'),
            text: await answer.text(),
          }
        } catch {
          return 'kept back' as const
        }
      },
      [address + path, init] as const,
    )
  const json = { 'Content-Type': 'application/json' }
  const bearer = () => ({ Authorization: `Bearer ${people.owner.token}` })
  const nameOf = async (id: string) =>
    (await here.owner.selectFrom('users').select('first_name').where('id', '=', id).executeTakeFirstOrThrow())
      .first_name

  test('that is listed signs in, reads with the tag, and writes by it', async () => {
    const body = JSON.stringify({ username: people.owner.username, password: PASSWORD })
    const entered = await fetches(listed, '/api/v1/auth/login', { method: 'POST', headers: json, body })
    if (entered === 'kept back') throw new Error(entered)
    const { access_token } = JSON.parse(entered.text)
    const headers = { Authorization: `Bearer ${access_token}` }
    const { id } = await makeUser(people.org)
    const read = await fetches(listed, `/api/v1/users/${id}`, { headers })
    if (read === 'kept back') throw new Error(read)
    expect(read).toMatchObject({
      status: 200,
      etag: expect.stringMatching(/^"1-/),
      request: expect.any(String),
    })
    const change = {
      method: 'PATCH',
      headers: { ...headers, ...json, 'If-Match': read.etag },
      body: '{"first_name":"Far"}',
    }
    expect(await fetches(listed, `/api/v1/users/${id}`, change)).toMatchObject({ status: 200 })
    expect(await nameOf(id)).toBe('Far')
    // what is wrong can be read as well
    expect(await fetches(listed, `/api/v1/users/${id}`, change)).toMatchObject({ status: 412 })
  })

  test('that is listed reads by the cookie, and writes by it with a form’s token alone', async () => {
    const { id } = await makeUser(people.org)
    const path = `/api/v1/users/${id}`
    expect(await fetches(listed, path, { credentials: 'include' })).toMatchObject({ status: 200 })
    const change = { method: 'PATCH', headers: json, body: '{"first_name":"Far"}', credentials: 'include' }
    expect(await fetches(listed, path, change)).toMatchObject({ status: 403 })
    const token = { 'X-CSRF-Token': csrfToken(here.config.SECRET_KEY, people.owner.cookie) }
    expect(await fetches(listed, path, { ...change, headers: { ...json, ...token } })).toMatchObject({
      status: 200,
    })
  })

  test('that is listed gets no pages', async () => {
    expect(await fetches(listed, '/users', { credentials: 'include' })).toBe('kept back')
  })

  test('that isn’t reads nothing, and writes nothing', async () => {
    const { id, username } = await makeUser(people.org)
    const path = `/api/v1/users/${id}`
    const before = await nameOf(id)
    expect(await fetches(stranger, path, { headers: bearer() })).toBe('kept back')
    expect(await fetches(stranger, path, { credentials: 'include' })).toBe('kept back')
    const body = '{"first_name":"Far"}'
    for (const headers of [json, { ...json, ...bearer() }, { 'Content-Type': 'text/plain' }])
      expect(await fetches(stranger, path, { method: 'PATCH', headers, body, credentials: 'include' })).toBe(
        'kept back',
      )
    const simple = {
      method: 'POST',
      body: new URLSearchParams({ _method: 'DELETE' }).toString(),
      mode: 'no-cors',
      credentials: 'include',
    }
    const form = { ...simple, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
    for (const at of [path, `/users/${id}`]) await fetches(stranger, at, form)
    const kept = await here.owner
      .selectFrom('users')
      .select('deleted_at')
      .where('username', '=', username)
      .executeTakeFirstOrThrow()
    expect([await nameOf(id), kept.deleted_at]).toEqual([before, null])
  })
})
