import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { mails } from '#src/domains/shell/mails.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { mailJob, queueMail } from '#src/platform/mail/queue.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed, launch } from '#tests/browser/chromium.ts'
import { anonymous, visitor } from '#tests/client.ts'
import { makeOrganization, unique } from '#tests/factories.ts'
import { until, withoutBacklog, working } from '#tests/jobs/here.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'

const { db, owner, anotherProcess } = await testDatabase()
const org = await makeOrganization()
const developing = { ENVIRONMENT: 'development' }
const secretLine = unique('only-the-reader')

/** A mail that a developer's worker kept. */
async function kept(): Promise<string> {
  const data = {
    subject: 'Grüße <b>',
    lines: [`Hello ${secretLine} <script>alert(1)</script>`],
    link: { label: 'Go on', path: '/login' },
  }
  const to = `${unique('to')}@example.com`
  await withoutBacklog(mailJob)
  await using _ = await working([sendsMails({ config: testConfig(developing), mails })])
  const id = await asSystem(db, org.id, 'a test', (tx) => queueMail(tx, notice, { to, data }))
  const status = () => owner.selectFrom('mails').where('id', '=', id).select('status').executeTakeFirst()
  await until(async () => (await status())?.status === 'kept')
  return id
}
const id = await kept()

describe('in development without a mail server', () => {
  test('mails are kept, sealed, and shown to whoever develops', async () => {
    await using dev = await anotherProcess(developing)
    const list = await visitor(dev.app).get('/dev/mail')
    expect(list.status).toBe(200)
    expect(list.text).toContain(`href="/dev/mail/${id}"`)
    expect(list.text).toContain('Grüße &lt;b&gt;')
    const one = await visitor(dev.app).get(`/dev/mail/${id}`)
    expect(one.text).toContain('<a href="http://localhost:8080/login">')
    expect(one.text).toMatch(
      /<iframe [^>]*sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="&lt;!doctype/,
    )
    expect(one.text).not.toMatch(/<script>alert|srcdoc="[^"]*<script/)
    expect(one.headers.get('content-security-policy')).toContain("default-src 'none'")
    const { rows } = await sql<{ line: string }>`
      select encode(content, 'escape') || content::text as line from mails where id = ${id}`.execute(owner)
    expect(rows[0]?.line.length).toBeGreaterThan(1000)
    expect(rows[0]?.line).not.toContain('login')
  })

  test('another secret opens none', async () => {
    await using dev = await anotherProcess(developing)
    Object.assign(dev.config, { SECRET_KEY: 'another secret, and of thirty-two characters' })
    expect((await visitor(dev.app).get('/dev/mail')).text).not.toContain(id)
    expect((await visitor(dev.app).get(`/dev/mail/${id}`)).status).toBe(404)
    Object.assign(dev.config, { SECRET_KEY_PREVIOUS: testConfig(developing).SECRET_KEY })
    expect((await visitor(dev.app).get(`/dev/mail/${id}`)).status).toBe(200)
  })

  test.each(['no-uuid', '00000000-0000-7000-8000-000000000000'])('there is no mail %s', async (name) => {
    await using dev = await anotherProcess(developing)
    expect((await visitor(dev.app).get(`/dev/mail/${name}`)).status).toBe(404)
  })

  test('is a page and nothing else', async () => {
    await using dev = await anotherProcess(developing)
    for (const path of ['/dev/mail', `/dev/mail/${id}`]) {
      expect((await anonymous(dev.app).get(`/api/v1${path}`)).status).toBe(404)
      expect((await anonymous(dev.app).get(path, { Accept: 'application/json' })).status).toBe(406)
    }
  })
})

describe('elsewhere', () => {
  test.each(['production', 'test'])('there is nothing at /dev/mail: %s', async (ENVIRONMENT) => {
    await using there = await anotherProcess({ ENVIRONMENT })
    for (const path of ['/dev/mail', `/dev/mail/${id}`]) {
      const answer = await visitor(there.app).get(path)
      expect(answer.status).toBe(404)
      expect(answer.text).not.toContain(secretLine)
    }
  })
})

describe.skipIf(!installed && !process.env.CI)('in a browser', () => {
  test('it is shown under our policy, runs nothing, and its links lead on', async () => {
    await using dev = await anotherProcess(developing)
    const browser = await launch()
    const server = serve({ fetch: dev.app.fetch, port: 0, hostname: '127.0.0.1' })
    try {
      await until(() => server.address() !== null)
      const context = await browser.newContext({ viewport: { width: 1000, height: 900 } })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('dialog', () => complaints.push('a dialog'))
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/dev/mail`)
      await page.click('text=Grüße')
      const frame = page.frameLocator('iframe')
      expect(await frame.locator('p').nth(1).innerText()).toContain('<script>')
      expect(await frame.locator('body').getAttribute('bgcolor')).toBe('#f1f3f5')
      const opened = context.waitForEvent('page')
      await frame.locator('text=Go on').click()
      expect((await opened).url()).toMatch(/^(http:\/\/localhost:8080\/login|about:blank|chrome-error:.*)$/)
      expect(complaints).toEqual([])
      await accessible(page)
    } finally {
      await browser.close()
      server.close()
    }
  })
})
