import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { sql } from 'kysely'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { codeOf, withFactor } from '#tests/accounts/factors.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { makeUser, roleOf, unique } from '#tests/factories.ts'
import { end, nameOf } from '#tests/http/sessions-over.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { type App, type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')
const { app, owner: past, anotherProcess } = await testDatabase()

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('A form that is refused, in a browser', () => {
  let browser: Browser
  let people: People
  let address: string
  let slow: Process
  let limited: Process
  const servers: { close(): void }[] = []

  const listen = (app: App) =>
    new Promise<string>((resolve) => {
      servers.push(
        serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
          resolve(`http://127.0.0.1:${port}`),
        ),
      )
    })

  beforeAll(async () => {
    people = await makePeople()
    await mkdir(shots, { recursive: true })
    ;[browser, slow, limited] = await Promise.all([
      launch(),
      anotherProcess({ DATABASE_STATEMENT_TIMEOUT_MS: '400' }),
      anotherProcess({ RATE_LIMIT_ENABLED: 'true', SIGN_IN_ATTEMPTS: '1' }),
    ])
    address = await listen(app)
  })

  afterAll(async () => {
    await browser?.close()
    for (const server of servers) server.close()
    await slow?.[Symbol.asyncDispose]()
    await limited?.[Symbol.asyncDispose]()
  })

  const editor = (first_name = 'Ada') =>
    makeUser(people.org, { roles: [roleOf(people.org, 'owner')], first_name, last_name: 'Editor' })
  const asBrowser = (context: BrowserContext, { cookie }: Person, url = address) =>
    context.addCookies([{ name: 'session', value: cookie, url }])

  async function opened(by: Person, path: string, { width = 1280, url = address } = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width, height: 844 },
      reducedMotion: 'reduce',
    })
    await asBrowser(context, by, url)
    const page = await context.newPage()
    page.on('pageerror', (error) => expect.unreachable(String(error)))
    await page.goto(url + path)
    return page
  }

  /** The form to change somebody in, with another first name in it. */
  async function filledIn(by: Person, how: { width?: number; url?: string } = {}) {
    const whom = await makeUser(people.org)
    const page = await opened(by, `/users/${whom.id}/edit`, how)
    await page.fill('#first_name', 'Zoë')
    return { page, whom }
  }
  const save = (page: Page) => page.click('main button:has-text("Save")')
  const saved = async (page: Page, whom: Person) => {
    await page.waitForSelector('.notice:has-text("Saved")')
    expect(await nameOf(whom.id)).toBe('Zoë')
    await page.context().close()
  }

  it.each([1280, 390])('asks for the password when the session has ended, at %d pixels', async (width) => {
    const by = await editor()
    const { page, whom } = await filledIn(by, { width })
    await end(by)
    await save(page)
    await page.waitForSelector('dialog[open] h2:has-text("Your session ended")')
    await accessible(page)
    await page.screenshot({ path: join(shots, `session-ended-${width}.png`) })
    expect(await page.inputValue('dialog #ask-username')).toBe(by.username)
    expect(await page.evaluate('document.activeElement.id')).toBe('ask-password')
    await page.keyboard.type('Wrong-Horse-7')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog[open] .error-summary:has-text("Wrong user name or password")')
    await accessible(page)
    await page.fill('#ask-password', PASSWORD)
    await page.keyboard.press('Enter')
    await saved(page, whom)
  })

  it('asks for the second factor, too', async () => {
    const by = await editor()
    const { page, whom } = await filledIn(by)
    const factor = await withFactor(by)
    await end(by)
    await save(page)
    await page.fill('#ask-password', PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog[open] #ask-code')
    await page.fill('#ask-code', await codeOf(factor))
    await page.keyboard.press('Enter')
    await saved(page, whom)
  })

  it('keeps everything when the dialog is closed, and asks again', async () => {
    const by = await editor()
    const { page, whom } = await filledIn(by)
    await end(by)
    await save(page)
    await page.waitForSelector('dialog[open]')
    await page.keyboard.press('Escape')
    await page.waitForSelector('main .error-summary:has-text("Sign in first")')
    expect(await page.inputValue('#first_name')).toBe('Zoë')
    await save(page)
    await page.fill('#ask-password', PASSWORD)
    await page.keyboard.press('Enter')
    await saved(page, whom)
  })

  it('asks nothing when the password was changed in another tab', async () => {
    const by = await editor()
    const { page, whom } = await filledIn(by)
    const other = await page.context().newPage()
    await other.goto(`${address}/me/security`)
    await other.fill('#old_password', PASSWORD)
    await other.fill('#new_password', 'Battery-Staple-8')
    await other.click('button:has-text("Change password")')
    await other.waitForSelector('.notice:has-text("Password changed")')
    await save(page)
    await page.waitForSelector('.notice:has-text("Saved")')
    // and the next form of the same page is sent with the new token
    await page.click('main a:has-text("Edit")')
    await page.fill('#last_name', 'Again')
    await save(page)
    await saved(page, whom)
  })

  it('sends nothing as somebody else who signed in meanwhile, unless they say so', async () => {
    const { page, whom } = await filledIn(await editor())
    await asBrowser(page.context(), await editor('Bo'))
    await save(page)
    await page.waitForSelector('dialog[open] h2:has-text("You’re signed in as Bo Editor")')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'somebody-else.png') })
    await page.click('dialog[open] [data-close]')
    await page.waitForSelector('main .error-summary')
    expect(await nameOf(whom.id)).toBe('')
    await save(page)
    await page.click('dialog[open] button:has-text("Send as Bo Editor")')
    await page.waitForSelector('.notice:has-text("Saved")')
    // from here on it is their page
    expect(await page.getAttribute('.account', 'aria-label')).toBe('Account: Bo Editor')
    await saved(page, whom)
  })

  it('asks who it is after ten minutes, and then makes the key', async () => {
    const by = await editor()
    const page = await opened(by, '/api-keys/new')
    await page.fill('#name', 'Nightly')
    await page.click('main summary >> nth=0')
    await page.locator('main input[name="permissions"]:visible').first().check()
    await past
      .updateTable('sessions')
      .set({ proved_at: sql<string>`now() - interval '11 minutes'` })
      .where('account_id', '=', by.accountId)
      .execute()
    await page.click('main form.form button.primary')
    await page.waitForSelector('dialog[open] h2:has-text("Confirm your password")')
    await accessible(page)
    await page.fill('#ask-password', 'Wrong-Horse-7')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#ask-password-error')
    await page.fill('#ask-password', PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForSelector('main :text("Nightly")')
    await page.context().close()
  })

  it('says above the form that the database is slow or nobody answers, and sends it when they do', async () => {
    const url = await listen(slow.app)
    const { page, whom } = await filledIn(await editor(), { url })
    await past.transaction().execute(async (tx) => {
      await sql`select from users where id = ${whom.id} for update`.execute(tx)
      await save(page)
      await page.waitForSelector('main .error-summary:has-text("Please try again in a moment")')
    })
    await accessible(page)
    await page.screenshot({ path: join(shots, 'said-above.png') })
    await page.route('**/users/*', (route) => route.abort())
    await save(page)
    await page.waitForSelector('main .error-summary:has-text("could not be reached")')
    expect(await page.locator('main .error-summary').count()).toBe(1)
    expect(await page.inputValue('#first_name')).toBe('Zoë')
    await page.unroute('**/users/*')
    await save(page)
    await saved(page, whom)
  })

  it('says above the form that a limit is met', async () => {
    const page = await opened(await editor(), '/me/security', { url: await listen(limited.app) })
    const ask = async () => {
      await page.fill('#password', 'Wrong-Horse-7')
      await page.click('button:has-text("Change address")')
    }
    const email = `${unique('zoe')}@example.com`
    await page.fill('#email', email)
    await ask()
    await page.waitForSelector('#password-error')
    await ask()
    await page.waitForSelector('main .error-summary:has-text("Try again in")')
    expect([await page.inputValue('#email'), await page.inputValue('#password')]).toEqual([
      email,
      'Wrong-Horse-7',
    ])
    await page.context().close()
  })

  it('says a refusal above the question: nobody deletes themselves', async () => {
    const by = await editor()
    const page = await opened(by, `/users/${by.id}`)
    const button = page.locator('main a:has-text("Delete") >> nth=0')
    await button.click()
    await page.click('main button:has-text("Delete person")')
    await page.waitForSelector('main .error-summary')
    expect(await page.textContent('h1')).toBe('Delete Ada Editor?')
    expect(new URL(page.url()).pathname).toBe(`/users/${by.id}/delete`)
    await page.context().close()
  })

  it('comes again after signing in without JavaScript, and is saved then', async () => {
    const by = await editor()
    const whom = await makeUser(people.org)
    const context = await browser.newContext({ javaScriptEnabled: false })
    await asBrowser(context, by)
    const page = await context.newPage()
    await page.goto(`${address}/users/${whom.id}/edit`)
    await page.fill('#first_name', 'Zoë')
    await end(by)
    await save(page)
    await page.waitForSelector('.error-summary:has-text("Your session ended. What you entered is kept")')
    await page.screenshot({ path: join(shots, 'session-ended-without-script.png') })
    await page.fill('#username', by.username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForSelector('.error-summary:has-text("Check what you entered")')
    await page.screenshot({ path: join(shots, 'comes-again.png') })
    expect(await page.inputValue('#first_name')).toBe('Zoë')
    await save(page)
    await saved(page, whom)
  })

  it('keeps a file', async () => {
    const page = await opened(people.owner, '/users/import')
    const content = Buffer.from('\n')
    await page.setInputFiles('input[type=file]', { name: 'none.csv', mimeType: 'text/csv', buffer: content })
    await page.click('main form.form button.primary')
    await page.waitForSelector('main .error-summary')
    expect(await page.evaluate('document.querySelector("main input[type=file]").files[0].name')).toBe(
      'none.csv',
    )
    await page.context().close()
  })

  it('keeps the name in a second form to sign in with', async () => {
    const by = await editor()
    const context = await browser.newContext({ reducedMotion: 'reduce' })
    const [one, other] = [await context.newPage(), await context.newPage()]
    for (const page of [one, other]) {
      await page.goto(`${address}/login`)
      await page.fill('#username', by.username)
      await page.fill('#password', PASSWORD)
    }
    await one.click('button.primary')
    await one.waitForURL(`${address}/`)
    await other.click('button.primary')
    await other.waitForSelector('.error-summary:has-text("You’re signed in as Ada Editor")')
    expect(await other.inputValue('#username')).toBe(by.username)
    await accessible(other)
    await other.screenshot({ path: join(shots, 'second-login.png') })
    await other.click('a:has-text("Continue")')
    await other.waitForURL(`${address}/`)
    await context.close()
  })
})
