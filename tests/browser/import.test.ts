import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { unique } from '#tests/factories.ts'
import { makePeople, type People } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')

describe.skipIf(!installed && !process.env.CI)('A file of people, in a browser', () => {
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

  async function signedIn(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    await page.goto(`${address}/login`)
    await page.fill('#username', people.owner.username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForURL(`${address}/`)
    return page
  }

  const file = (rows: string) => ({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) })
  const many = (name: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${name}${n};${name}${n}@example.com;Ada`).join('\n')

  it('is uploaded, mapped, checked and imported', async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' })
    const page = await signedIn(context)
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    const name = unique('f')

    await page.goto(`${address}/users`)
    await page.click('a:has-text("Import")')
    await page.waitForSelector('#file')
    await accessible(page)
    await page.click('button:has-text("Upload")')
    await page.waitForSelector('#file-error')

    await page.setInputFiles('#file', file(`Login;E-Mail;Vorname\n${many(name, 3)}\nx;nobody;\n`))
    await page.click('button:has-text("Upload")')
    await page.waitForSelector('select[name=column_0]')
    expect(await page.inputValue('select[name=column_1]')).toBe('email')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'import-columns.png') })
    await page.selectOption('select[name=column_0]', 'username')
    await page.selectOption('select[name=column_2]', 'first_name')
    await page.click('button:has-text("Check")')
    await page.waitForSelector('.outcome .bad')
    expect(await page.textContent('main')).toContain('Enter an e-mail address like name@example.com')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'import-errors.png') })

    await page.click('a:has-text("Upload a different file")')
    await page.setInputFiles('#file', file(`username;email;first_name\n${many(name, 2500)}\n`))
    await page.click('button:has-text("Upload")')
    await page.click('button:has-text("Check")')
    await page.click('button:has-text("Import 2,500 people")', { timeout: 30_000 })
    await page.waitForSelector('progress')
    await accessible(page)
    // without a click: the page looks by itself
    await page.waitForSelector('text=2,500 people imported', { timeout: 30_000 })
    await accessible(page)
    await page.click('a:has-text("View people")')
    await page.fill('#q', `${name}17`)
    await expect.poll(() => page.locator('tbody tr').count()).toBeLessThan(30)
    expect(errors).toEqual([])
    await context.close()
  }, 90_000)

  it('comes in without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await signedIn(context)
    const name = unique('s')
    await page.goto(`${address}/users/import`)
    await page.setInputFiles('#file', file(`username;email;first_name\n${many(name, 2)}\n`))
    await page.click('button:has-text("Upload")')
    await page.click('button:has-text("Check")')
    const refreshed = async (text: string) => {
      await expect
        .poll(async () => {
          await page.reload()
          return page.textContent('main')
        })
        .toContain(text)
    }
    await refreshed('Import 2 people')
    await page.click('button:has-text("Import 2 people")')
    await refreshed('2 people imported')
    await context.close()
  }, 60_000)
})
