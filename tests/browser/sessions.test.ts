import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { joinOrganization, makeOrganization, makeUser, type Organization, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('Sessions and organizations, in a browser', () => {
  let browser: Browser
  let server: { close(): void }
  let address: string
  let org: Organization
  let other: Organization
  let person: Person

  beforeAll(async () => {
    const { app } = await testDatabase()
    ;[org, other] = await Promise.all([
      makeOrganization('Northern Light'),
      makeOrganization('Southern Cross'),
    ])
    person = await makeUser(org, { roles: [roleOf(org, 'user')], first_name: 'Ada', last_name: 'Both' })
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

  const errors: string[] = []
  async function signedIn(width = 1280): Promise<{ page: Page; context: BrowserContext }> {
    const context = await browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width, height: 844 },
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(`${address}/login`)
    await page.fill('#username', person.username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForURL(`${address}/`)
    return { page, context }
  }
  /** At the width of a desk and of a phone, where nothing may stick out. */
  async function shoot(page: Page, name: string) {
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 })
      await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
  }
  const openMenu = (page: Page) => page.click('button[popovertarget="account"]')

  it('detaches the account, joins another organization, changes there and back, and stays signed in', async () => {
    const { page, context } = await signedIn()
    await openMenu(page)
    expect(await page.locator('#account >> text=Switch organization').count()).toBe(0)
    await page.goto(`${address}/me/switch`)
    await page.waitForSelector('h1:has-text("Organizations")')
    await accessible(page)
    await shoot(page, 'detach')
    await page.click('button:has-text("Detach my account")')
    await page.click('dialog[open] button:has-text("Detach") >> nth=0')
    await page.waitForSelector('.notice:has-text("Account detached")')
    await joinOrganization(person, other, { roles: [roleOf(other, 'user')] })
    await page.goto(`${address}/me`)
    await openMenu(page)
    await page.click('#account >> text=Switch organization')
    await page.waitForURL('**/me/switch')
    await accessible(page)
    await shoot(page, 'switch')
    await page.click('button:has-text("Switch")')
    await page.waitForURL(`${address}/`)
    await page.waitForSelector('.brand:has-text("Southern Cross")')
    await page.goto(`${address}/me/switch`)
    await page.click('button:has-text("Switch")')
    await page.waitForSelector('.brand:has-text("Northern Light")')
    await context.close()
    expect(errors).toEqual([])
  })

  it('ends another session, all others, and then all', async () => {
    const [here, phone, tablet] = [await signedIn(), await signedIn(390), await signedIn(390)]
    const { page } = here
    await page.goto(`${address}/me/sessions`)
    await page.waitForSelector('h1:has-text("Sessions")')
    await accessible(page)
    await shoot(page, 'own-sessions')
    const lines = page.locator('.plain-row')
    const before = await lines.count()
    expect(await page.locator('.plain-row:has-text("This device")').count()).toBe(1)
    const another = page.locator('.plain-row:not(:has-text("This device"))').first()
    await another.locator('button:has-text("Sign out") >> nth=0').click()
    await page.click('dialog[open] button:has-text("Sign out")')
    await page.waitForSelector('.notice:has-text("Session signed out")')
    expect(await lines.count()).toBe(before - 1)
    await page.click('button:has-text("Sign out other sessions")')
    await page.click('dialog[open] button:has-text("Sign out")')
    await expect.poll(() => lines.count(), { timeout: 5000 }).toBe(1)
    for (const other of [phone, tablet]) {
      await other.page.goto(`${address}/me`)
      await other.page.waitForURL('**/login?next=%2Fme')
    }
    await page.click('button:has-text("Sign out everywhere")')
    await page.click('dialog[open] button:has-text("Sign out everywhere")')
    await page.waitForURL('**/login')
    await page.waitForSelector('.notice:has-text("signed out")')
    await page.goto(`${address}/me`)
    await page.waitForURL('**/login?next=%2Fme')
    for (const { context } of [here, phone, tablet]) await context.close()
    expect(errors).toEqual([])
  })
})
