import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'
import { mails } from '#src/jobs.ts'
import { mailJob } from '#src/platform/mail/queue.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { unique } from '#tests/factories.ts'
import { until, type Working, withoutBacklog, working } from '#tests/jobs/here.ts'
import { mailServer } from '#tests/mail/smtp.ts'
import { makePeople, type People } from '#tests/people.ts'
import { type Process, testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')
const NEXT = 'Battery-Staple-8'

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('Passwords and addresses, in a browser', () => {
  let browser: Browser
  let people: People
  let address: string
  let post: Awaited<ReturnType<typeof mailServer>>
  let worker: Working
  let confirming: Process
  const servers: { close(): void }[] = []

  const listen = (app: Process['app']) =>
    new Promise<string>((resolve) => {
      servers.push(
        serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
          resolve(`http://127.0.0.1:${port}`),
        ),
      )
    })

  beforeAll(async () => {
    const { anotherProcess } = await testDatabase()
    people = await makePeople()
    await mkdir(shots, { recursive: true })
    browser = await launch()
    confirming = await anotherProcess({ EMAIL_VALIDATION_ENABLED: 'true' })
    address = await listen(confirming.app)
    post = await mailServer()
    const config = testConfig({ SMTP_URL: post.url, EMAIL_FROM: 'a@ambit.example', PUBLIC_URL: address })
    await withoutBacklog(mailJob)
    worker = await working([sendsMails({ config, mails })])
  })

  afterAll(async () => {
    await browser?.close()
    for (const server of servers) server.close()
    await worker?.[Symbol.asyncDispose]()
    await post?.close()
    await confirming?.[Symbol.asyncDispose]()
  })

  /** The link in the mail of this subject, once it has arrived. */
  async function linkTo(to: string, subject: RegExp): Promise<string> {
    const found = () => post.to(to).findLast((mail) => subject.test(mail.subject ?? ''))
    await until(() => found() !== undefined)
    return /https?:\S+/.exec(found()?.text ?? '')?.[0] as string
  }

  async function opened(path: string): Promise<{ page: Page; close: () => Promise<void> }> {
    const context = await browser.newContext({
      reducedMotion: 'reduce',
      viewport: { width: 390, height: 844 },
    })
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(address + path)
    return {
      page,
      close: async () => {
        // what a form was refused is no error of the page
        expect(errors.filter((text) => !/status of 4(01|04|22|29)/.test(text))).toEqual([])
        await context.close()
      },
    }
  }

  const signIn = async (page: Page, username: string, password: string) => {
    await page.fill('#username', username)
    await page.fill('#password', password)
    await page.click('button.primary')
  }

  it('forgets a password, reads the mail, chooses another, and signs in', async () => {
    const { colleague } = people
    const { page, close } = await opened('/login')
    await page.click('text=Forgot your password?')
    await page.waitForURL('**/forgot-password')
    await accessible(page)
    await page.fill('#username', colleague.email)
    await page.click('button:has-text("Send link")')
    await page.waitForSelector('h1:has-text("Check your e-mail")')
    await accessible(page)
    const link = await linkTo(colleague.email, /^Reset your .* password/)
    expect(link.startsWith(`${address}/reset-password/`)).toBe(true)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.headers().referer ?? ''))
    await page.goto(link)
    await page.waitForSelector('#password-hint:has-text("At least 8 characters")')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'reset-password.png') })
    await page.fill('#password', 'Password1!')
    await page.click('button:has-text("Save")')
    await page.waitForSelector('#password-error:has-text("too common")')
    await page.fill('#password', NEXT)
    await page.click('button:has-text("Save")')
    await page.waitForURL('**/login')
    // no request told where it came from
    expect(asked.filter((referer) => referer.includes('/reset-password/'))).toEqual([])
    await page.waitForSelector('.notice:has-text("Your password was changed")')
    await signIn(page, colleague.username, NEXT)
    await page.waitForURL(`${address}/`)
    await page.goto(link)
    await page.waitForSelector('h1:has-text("The link no longer works")')
    await accessible(page)
    await close()
  })

  it('changes password and address on the page about security', async () => {
    const { viewer } = people
    const { page, close } = await opened('/me/security')
    await signIn(page, viewer.username, PASSWORD)
    await page.waitForURL('**/me/security')
    await accessible(page)
    await page.screenshot({ path: join(shots, 'security.png'), fullPage: true })
    await page.fill('#old_password', 'Wrong-Horse-7')
    await page.fill('#new_password', NEXT)
    await page.click('button:has-text("Change password")')
    await page.waitForSelector('#old_password-error')
    await accessible(page)
    await page.fill('#old_password', PASSWORD)
    await page.fill('#new_password', NEXT)
    await page.click('button:has-text("Change password")')
    await page.waitForSelector('.notice:has-text("All other sessions were signed out")')
    const to = `${unique('new')}@example.com`
    await page.fill('#email', to)
    await page.fill('#password', NEXT)
    await page.click('button:has-text("Change address")')
    await page.waitForSelector('.notice:has-text("We’ve sent a link")')
    await page.goto(await linkTo(to, /new e-mail address/))
    await accessible(page)
    await page.fill('#password', NEXT)
    await page.click('button:has-text("Confirm address")')
    await page.goto(`${address}/me/security`)
    await page.waitForSelector(`text=${to}`)
    await close()
    // and the old address takes it back
    const again = await opened(new URL(await linkTo(viewer.email, /about to change/)).pathname)
    await accessible(again.page)
    await again.page.fill('#password', 'Another-Staple-9')
    await again.page.click('button.primary')
    await again.page.waitForURL('**/login')
    await signIn(again.page, viewer.email, 'Another-Staple-9')
    await again.page.waitForURL(`${address}/`)
    await again.close()
  })

  it('registers, and begins by the link', async () => {
    const username = unique('nina')
    const { page, close } = await opened('/register')
    await accessible(page)
    await page.fill('#username', username)
    await page.fill('#email', `${username}@example.com`)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForSelector('h1:has-text("Check your e-mail")')
    await page.goto(await linkTo(`${username}@example.com`, /^Welcome/))
    await accessible(page)
    expect(await page.inputValue('#username')).toBe(username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
    await page.waitForURL(`${address}/`)
    await page.waitForSelector('.notice:has-text("Welcome")')
    await close()
  })

  it('unlocks after too many wrong passwords, by mail and by an administrator', async () => {
    const { member, owner } = people
    const { page, close } = await opened('/login')
    const lock = async () => {
      for (let tries = 0; tries < confirming.config.LOCKOUT_ATTEMPTS; tries++) {
        await page.goto(`${address}/login`)
        await signIn(page, member.username, 'Wrong-Horse-7')
        await page.waitForSelector('.error-summary')
      }
      await page.waitForSelector('.error-summary:has-text("Too many wrong passwords")')
    }
    await lock()
    await page.goto(await linkTo(member.email, /^Too many failed sign-ins/))
    await accessible(page)
    await page.click('button:has-text("Unlock")')
    await page.waitForSelector('.notice:has-text("Unlocked")')
    await lock()
    const administrator = await opened(`/users/${member.id}`)
    await signIn(administrator.page, owner.username, PASSWORD)
    await administrator.page.waitForSelector('h2:has-text("Locked")')
    await accessible(administrator.page)
    await administrator.page.click('form.confirm button:has-text("Unlock") >> nth=0')
    await administrator.page.click('dialog[open] button:has-text("Unlock")')
    await administrator.page.waitForSelector('.notice:has-text("Unlocked")')
    await administrator.close()
    await page.goto(`${address}/login`)
    await signIn(page, member.username, PASSWORD)
    await page.waitForURL(`${address}/`)
    await close()
  })
})
