import { mkdir, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { codeAt } from '#src/domains/accounts/totp.ts'
import { anew, stepNow } from '#tests/accounts/factors.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { makeOrganization, makeRole, makeUser, type Organization } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')
const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('A second factor, in a browser', () => {
  let browser: Browser
  let org: Organization
  let here: Awaited<ReturnType<typeof testDatabase>>
  let process_: Process
  let address: string
  let server: { close(): void }

  beforeAll(async () => {
    here = await testDatabase()
    org = await makeOrganization()
    process_ = await here.anotherProcess()
    await mkdir(shots, { recursive: true })
    browser = await launch()
    address = await new Promise((resolve) => {
      server = serve({ fetch: process_.app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
        resolve(`http://127.0.0.1:${port}`),
      )
    })
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
    await process_?.[Symbol.asyncDispose]()
  })

  async function opened(path: string) {
    const context = await browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width: 390, height: 844 },
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(address + path)
    const close = async () => {
      // what a form was refused is no error of the page
      expect(errors.filter((text) => !/status of 4(01|03|22)/.test(text))).toEqual([])
      await context.close()
    }
    return { page, close }
  }

  const enter = async (page: Page, { username }: Person) => {
    await page.fill('#username', username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
  }
  const typed = async (page: Page, code: string) => {
    await page.fill('#code', code)
    await page.click('button.primary')
  }

  /** The app: reads the key that the page shows, and makes codes of it. */
  async function appOf(page: Page): Promise<() => Promise<string>> {
    const key = (await page.textContent('.set-up-key code')) ?? ''
    const bits = [...key.replaceAll(' ', '')]
      .map((sign) => SIGNS.indexOf(sign).toString(2).padStart(5, '0'))
      .join('')
    const secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
    return async () => codeAt(secret, await stepNow())
  }

  it('is set up, asked for, replaced by a recovery code, and turned off', async () => {
    const person = await makeUser(org)
    const { page, close } = await opened('/me/security')
    await enter(page, person)
    await page.waitForURL('**/me/security')
    await page.click('text=Set up')
    await page.waitForSelector('svg.qr')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'second-factor-set-up.png'), fullPage: true })
    const app = await appOf(page)
    await typed(page, '000000')
    await page.waitForSelector('#code-error')
    await accessible(page)
    await typed(page, await app())
    await page.waitForSelector('.recovery-codes')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'recovery-codes.png'), fullPage: true })
    const codes = await page.locator('.recovery-codes code').allTextContents()
    await page.click('button[data-copy]')
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(codes.join('\n'))
    const download = page.waitForEvent('download')
    await page.click('a[download]')
    const kept = await readFile(await (await download).path(), 'utf8')
    for (const code of codes) expect(kept).toContain(code)
    await page.click('text=I’ve saved them')
    await page.waitForSelector('text=10 recovery codes are left')
    await accessible(page)

    await page.context().clearCookies()
    await page.goto(`${address}/me/security`)
    await enter(page, person)
    await page.waitForURL('**/login/code?next=*')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'second-factor-code.png') })
    await typed(page, '000000')
    await page.waitForSelector('#code-error')
    await anew(person)
    await typed(page, await app())
    await page.waitForURL('**/me/security')

    await page.context().clearCookies()
    await page.goto(`${address}/me/security`)
    await enter(page, person)
    await page.waitForURL('**/login/code?next=*')
    await typed(page, codes[0]?.toUpperCase() as string)
    await page.waitForSelector('text=9 recovery codes are left')

    // somebody finds the browser open, eleven minutes later
    const since = { proved_at: sql<string>`now() - interval '11 minutes'` }
    await here.owner.updateTable('sessions').set(since).where('account_id', '=', person.accountId).execute()
    await page.click('button:has-text("New recovery codes")')
    await page.waitForSelector('h1:has-text("Confirm your password")')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'confirm.png') })
    await page.fill('#password', 'Wrong-Horse-7')
    await page.click('button.primary')
    await page.waitForSelector('#password-error')
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForURL('**/me/security')
    await page.click('button:has-text("New recovery codes")')
    await page.waitForSelector('.recovery-codes')
    await page.click('text=I’ve saved them')
    await page.waitForSelector('text=10 recovery codes are left')

    await page.click('form.confirm button:has-text("Turn off") >> nth=0')
    await page.click('dialog[open] button:has-text("Turn off")')
    await page.waitForSelector('.notice:has-text("Two-step verification is off")')
    await page.waitForSelector('text=Set up')
    await close()
  })

  it('comes before everything else where a role asks for it', async () => {
    const role = await makeRole(org, { permissions: ['user:read:all'] })
    const required = { second_factor_required: true }
    await here.owner.updateTable('roles').set(required).where('id', '=', role).execute()
    const person = await makeUser(org, { roles: [role] })
    const { page, close } = await opened('/users')
    await enter(page, person)
    await page.waitForURL('**/me/security/second-factor?next=%2Fusers')
    await page.waitForSelector('text=One of your roles requires it')
    await accessible(page)
    await page.goto(`${address}/me`)
    await page.waitForURL('**/me/security/second-factor?next=%2Fme')
    await page.goto(`${address}/users`)
    const app = await appOf(page)
    await typed(page, await app())
    await page.waitForSelector('.recovery-codes')
    await page.click('text=I’ve saved them')
    await page.waitForURL('**/users')
    await page.waitForSelector('h1:has-text("People")')
    await close()
  })
})
