import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { makePeople, type People } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')
const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }

if (!installed)
  console.warn('No Chromium: the browser tests are left out. Get it with: apt-get install chromium')

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('People, in a browser', () => {
  let browser: Browser
  let people: People
  let address: string
  let close: () => void

  beforeAll(async () => {
    const { app } = await testDatabase()
    people = await makePeople()
    await mkdir(shots, { recursive: true })
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

  for (const [size, viewport] of Object.entries(sizes)) {
    it(`signs in, edits somebody past a 422, and signs out (${size})`, async () => {
      // a colour that fades in has no contrast yet
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce' })
      const page = await context.newPage()
      const errors: string[] = []
      page.on('pageerror', (error) => errors.push(String(error)))
      const { owner, colleague } = people

      await page.goto(`${address}/users`)
      expect(new URL(page.url()).pathname).toBe('/login')
      await page.fill('#username', owner.username)
      await page.fill('#password', 'not the password')
      await page.click('button.primary')
      await page.waitForSelector('.error-summary')
      expect(await page.inputValue('#username')).toBe(owner.username)
      await page.fill('#password', PASSWORD)
      await page.click('button.primary')
      await page.waitForURL('**/users')
      await accessible(page)

      await page.fill('#q', colleague.username)
      await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
      expect(page.url()).toContain('q=')
      await page.click('tbody a')
      await page.click('main a:has-text("Edit")')
      await page.waitForSelector('#email')
      await page.fill('#first_name', `Kim ${size}`)
      await page.fill('#email', 'nowhere')
      await page.click('button:has-text("Save")')
      await page.waitForSelector('.error-summary')
      expect(await page.inputValue('#first_name')).toBe(`Kim ${size}`)
      expect(await page.getAttribute('#email', 'aria-invalid')).toBe('true')
      await accessible(page)
      await page.screenshot({ path: join(shots, `${size}-422.png`) })

      await page.fill('#email', colleague.email)
      await page.click('button:has-text("Save")')
      await page.waitForSelector(`h1:has-text("Kim ${size}")`)
      await page.waitForSelector('.notice:has-text("Saved")')
      await accessible(page)
      await page.screenshot({ path: join(shots, `${size}-saved.png`) })

      await page.click('.account')
      await page.click('button:has-text("Sign out")')
      await page.waitForURL('**/login')
      await page.goto(`${address}/users`)
      expect(new URL(page.url()).pathname).toBe('/login')
      expect(errors).toEqual([])
      await context.close()
    })
  }

  it('works without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${address}/login`)
    await page.fill('#username', people.owner.username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.goto(`${address}/users/${people.colleague.id}/edit`)
    await page.fill('#last_name', 'Without Script')
    await page.click('button:has-text("Save")')
    expect(await page.textContent('h1')).toContain('Without Script')
    await context.close()
  })
})
