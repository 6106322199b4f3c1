import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { paths } from '#src/paths.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { send } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('API keys, in a browser', () => {
  let browser: Browser
  let server: { close(): void }
  let address: string
  let person: Person

  beforeAll(async () => {
    const { app } = await testDatabase()
    const org = await makeOrganization('Polar Light')
    person = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada', last_name: 'Keys' })
    await mkdir(shots, { recursive: true })
    browser = await launch()
    address = await new Promise((resolve) => {
      server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
        resolve(`http://127.0.0.1:${port}`),
      )
    })
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  /** As it is seen on a desk and on a phone, where nothing may stick out. */
  async function seen(page: Page, title: string, name: string) {
    await page.waitForSelector(`h1:has-text("${title}")`)
    await accessible(page)
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 })
      await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true })
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width)
    }
  }

  const status = async (secret: string) =>
    (await send(`/api${paths.auth.me}`, { headers: { Authorization: `Bearer ${secret}` } })).status
  const secretOn = async (page: Page) => (await page.locator('.secret code').first().textContent()) ?? ''

  it('are made, looked at, rotated and revoked', async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' })
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(`${address}/login`)
    await page.fill('#username', person.username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForURL(`${address}/`)

    await page.goto(address + paths.myApiKeys)
    await seen(page, 'API keys', 'keys-none')
    await page.click('a:has-text("Create API key")')
    await page.waitForSelector('h1:has-text("Create API key")')
    await page.fill('#name', 'Nightly export')
    await page.click('button:has-text("Create API key")')
    await page.waitForSelector('.error-summary:has-text("Choose a permission")')
    expect(await page.inputValue('#name')).toBe('Nightly export')
    await page.click('summary:has-text("People")')
    await page.check('[id="permission-user:read:own"]')
    await seen(page, 'Create API key', 'key-new')
    await page.click('button:has-text("Create API key")')
    await seen(page, 'Nightly export', 'key-secret')
    const first = await secretOn(page)
    expect(await status(first)).toBe(200)

    await page.click('a:has-text("Done")')
    await seen(page, 'Nightly export', 'key')
    expect(await page.content()).not.toContain(first)
    await page.click('nav.tabs a:has-text("Permissions")')
    await page.waitForSelector('td:has-text("Yes")')
    await seen(page, 'Nightly export', 'key-effect')
    await page.click('a:has-text("Overview")')
    await page.click('a:has-text("Rotate")')
    await seen(page, 'Rotate Nightly export', 'key-rotate')
    await page.click('button:has-text("Create new secret")')
    await page.waitForSelector('h2:has-text("Your new API key")')
    const second = await secretOn(page)
    expect([await status(first), await status(second)]).toEqual([200, 200])
    await page.click('a:has-text("Done")')

    await page.click('button:has-text("Revoke")')
    await page.click('dialog[open] button:has-text("Revoke")')
    await page.waitForSelector('dd:has-text("Revoked")')
    await expect.poll(async () => [await status(first), await status(second)]).toEqual([401, 401])
    expect(await page.locator('a:has-text("Rotate")').count()).toBe(0)
    expect(errors).toEqual([])
    await context.close()
  })
})
