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
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { until, type Working, withoutBacklog, working } from '#tests/jobs/here.ts'
import { mailServer } from '#tests/mail/smtp.ts'
import { makePeople, type People } from '#tests/people.ts'
import { type Process, testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const shots = join(root, '.data/screenshots')

// without a Chromium there is nothing to drive; `.ci/run` installs one and fails where it is missing
describe.skipIf(!installed && !process.env.CI)('Invitations, in a browser', () => {
  let browser: Browser
  let people: People
  let address: string
  let post: Awaited<ReturnType<typeof mailServer>>
  let worker: Working
  let here: Process
  const servers: { close(): void }[] = []

  beforeAll(async () => {
    const { anotherProcess } = await testDatabase()
    people = await makePeople()
    await mkdir(shots, { recursive: true })
    browser = await launch()
    here = await anotherProcess({})
    address = await new Promise((resolve) => {
      servers.push(
        serve({ fetch: here.app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) =>
          resolve(`http://127.0.0.1:${port}`),
        ),
      )
    })
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
    await here?.[Symbol.asyncDispose]()
  })

  /** The link of the newest mail to an address with this subject, once it has arrived. */
  const linkTo = async (to: string, subject: RegExp) => {
    const found = () => post.to(to).findLast((mail) => subject.test(mail.subject ?? ''))
    await until(() => found() !== undefined)
    return /https?:\/\/\S+/.exec(found()?.text ?? '')?.[0] as string
  }

  const opened = async (path: string, width = 1280) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width, height: 844 } })
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(path.startsWith('http') ? path : address + path)
    return {
      page,
      close: async () => {
        // what a form was refused is no error of the page
        expect(errors.filter((text) => !/status of 4(01|04|09|22|29)/.test(text))).toEqual([])
        await context.close()
      },
    }
  }

  const signIn = async (page: Page, username: string) => {
    await page.fill('#username', username)
    await page.fill('#password', PASSWORD)
    await page.click('button.primary')
  }

  it('invites by page, from the list of people; who accepts by the mail is signed in', async () => {
    const [nina, otto] = [unique('nina'), unique('otto')].map((name) => `${name}@example.com`) as [
      string,
      string,
    ]
    const { page, close } = await opened('/users')
    await signIn(page, people.admin.username)
    await page.waitForURL('**/users')
    await page.click('nav.tabs a:has-text("Invitations")')
    await page.waitForURL('**/invitations?status=pending')
    await accessible(page)
    await page.click('a:has-text("Invite people")')
    await page.waitForSelector('#emails')
    await accessible(page)
    await page.fill('#emails', `Nina Nord <${nina}>\n${otto}, ${people.colleague.email}`)
    await page.check('label:has-text("member")')
    await page.selectOption('#group_id', people.group)
    await page.click('button:has-text("Send invitations")')
    await page.waitForSelector(`.error-summary:has-text("${people.colleague.email} is already a member")`)
    expect(await page.inputValue('#emails')).toBe(people.colleague.email)
    await page.waitForSelector('text=2 invitations sent.')
    await page.screenshot({ path: join(shots, 'invite-refused.png'), fullPage: true })
    await accessible(page)
    await page.goto(`${address}/invitations?status=pending`)
    await page.waitForSelector(`a:has-text("${nina}")`)
    await page.screenshot({ path: join(shots, 'invitations.png'), fullPage: true })
    await page.click(`a:has-text("${otto}")`)
    await page.waitForSelector('h2:has-text("Access on joining")')
    await page.screenshot({ path: join(shots, 'invitation.png'), fullPage: true })
    await accessible(page)
    await page.click('form.confirm button:has-text("Revoke") >> nth=0')
    await page.click('dialog[open] button:has-text("Revoke")')
    await page.waitForSelector('.notice:has-text("Revoked")')
    await close()

    const dead = await opened(await linkTo(otto, /re invited/))
    await dead.page.waitForSelector('h1:has-text("The link no longer works")')
    await dead.close()

    const guest = await opened(await linkTo(nina, /re invited/), 390)
    const asked: string[] = []
    guest.page.on('request', (request) => asked.push(request.headers().referer ?? ''))
    await guest.page.waitForSelector(`text=invited ${nina}`)
    await accessible(guest.page)
    await guest.page.screenshot({ path: join(shots, 'accept-390.png'), fullPage: true })
    expect(await guest.page.inputValue('#username')).toBe(nina.split('@')[0])
    await guest.page.fill('#first_name', 'Nina')
    await guest.page.fill('#last_name', 'Nord')
    await guest.page.fill('#password', 'Password1!')
    await guest.page.click('button:has-text("Create account and join")')
    await guest.page.waitForSelector('#password-error:has-text("too common")')
    await guest.page.fill('#password', PASSWORD)
    await guest.page.click('button:has-text("Create account and join")')
    await guest.page.waitForURL(`${address}/`)
    await guest.page.waitForSelector('.notice:has-text("Welcome to")')
    expect(asked.filter((referer) => referer.includes('/accept-invitation/'))).toEqual([])
    await guest.page.goto(`${address}/me`)
    expect(await guest.page.inputValue('#first_name')).toBe('Nina')
    await guest.close()
  })

  it('lets somebody with an account join with it', async () => {
    const known = await makeUser(await makeOrganization())
    const chief = await makeUser(people.org, { roles: [roleOf(people.org, 'owner')], first_name: 'Ada' })
    const { page, close } = await opened('/invitations/new')
    await signIn(page, chief.username)
    await page.fill('#emails', known.email)
    await page.click('button:has-text("Send invitations")')
    await page.waitForSelector('.notice:has-text("1 invitation sent")')
    await close()
    const guest = await opened(await linkTo(known.email, /^You’re invited/))
    await guest.page.waitForSelector('text=You already have an account')
    await accessible(guest.page)
    await guest.page.screenshot({ path: join(shots, 'accept-known.png'), fullPage: true })
    await guest.page.fill('#password', 'Wrong-Horse-7')
    await guest.page.click('button:has-text("Join")')
    await guest.page.waitForSelector('#password-error')
    await guest.page.fill('#password', PASSWORD)
    await guest.page.click('button:has-text("Join")')
    await guest.page.waitForURL(`${address}/`)
    await guest.page.waitForSelector('.notice:has-text("Welcome to")')
    await guest.close()
  })
})
