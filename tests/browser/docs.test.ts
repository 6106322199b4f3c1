import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { Cookies } from '#src/http/cookies.ts'
import { documented } from '#src/http/openapi.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { openSession, unique } from '#tests/factories.ts'
import { makePeople, type People } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

describe.skipIf(!installed && !process.env.CI)(
  'The documentation of the interface, in a browser',
  async () => {
    const { app, config, owner: past } = await testDatabase()
    let browser: Browser
    let people: People
    let address: string
    let close: () => void

    beforeAll(async () => {
      people = await makePeople()
      browser = await launch()
      address = await new Promise((resolve) => {
        const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info: AddressInfo) =>
          resolve(`http://127.0.0.1:${info.port}`),
        )
        close = () => server.close()
      })
    })

    afterAll(async () => {
      await browser?.close()
      close?.()
    })

    /** A page that keeps what the browser complains of: errors, and what the policy forbade. */
    async function opened(session: string | null): Promise<{ page: Page; complaints: string[] }> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
      if (session)
        await context.addCookies([{ name: new Cookies(config).session, value: session, url: address }])
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        if (message.type() !== 'error') return
        complaints.push(message.text())
      })
      await page.addInitScript(
        `document.addEventListener('securitypolicyviolation', (event) =>
        console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`,
      )
      await page.goto(`${address}/docs`)
      await page.waitForSelector('.opblock-tag')
      return { page, complaints }
    }

    async function execute(page: Page, tag: string, id: string, body?: object): Promise<number> {
      const heading = page.locator(`.opblock-tag[data-tag="${tag}"]`)
      if ((await heading.getAttribute('data-is-open')) === 'false') await heading.click()
      const block = page.locator(`#operations-${tag}-${id}`)
      await block.locator('.opblock-summary-control').click()
      if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body))
      await block.locator('button.execute').click()
      return Number(await block.locator('.live-responses-table .response-col_status').last().innerText())
    }

    test('shows every operation under our policy, to visitors too', async () => {
      const { page, complaints } = await opened(null)
      const tags = new Set(documented(endpoints).map(({ path }) => path.split('/')[1]))
      expect(await page.locator('.opblock-tag').count()).toBe(tags.size)
      expect(await execute(page, 'health', 'getHealth')).toBe(200)
      expect(complaints).toEqual([])
      expect(await page.title()).toBe('API · Ambit')
      // refused, and not hung: nobody is signed in
      expect(await execute(page, 'users', 'getUsers')).toBe(401)
      await page.context().close()
    })

    test('tries requests for whoever is signed in, writes too', async () => {
      const { page, complaints } = await opened(await openSession(people.owner, 'browser'))
      expect(await execute(page, 'users', 'getUsers')).toBe(200)
      const username = unique('tried')
      expect(await execute(page, 'users', 'postUsers', { username, email: `${username}@example.com` })).toBe(
        201,
      )
      expect(
        await past.selectFrom('users').select('id').where('username', '=', username).execute(),
      ).toHaveLength(1)
      expect(complaints).toEqual([])
      await page.context().close()
    })

    test('tries them with a token instead', async () => {
      const { page, complaints } = await opened(await openSession(people.colleague, 'browser'))
      await page.click('.auth-wrapper .authorize')
      await page.locator('.auth-container input').first().fill(people.owner.token)
      await page.locator('.auth-btn-wrapper .authorize').first().click()
      await page.click('.btn-done')
      expect(await execute(page, 'users', 'getUsers')).toBe(200)
      expect(complaints).toEqual([])
      await page.context().close()
    })
  },
)
