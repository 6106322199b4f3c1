import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { createApp } from '#src/app.ts'
import { mails } from '#src/jobs.ts'
import { paths } from '#src/paths.ts'
import type { Mail } from '#src/platform/mail/letter.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { queueMail } from '#src/platform/mail/queue.ts'
import { test as trial } from '#src/platform/mail/test-mail.ts'
import { publicUrl } from '#src/platform/public-url.ts'
import { anonymous } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner, org } = await makePeople()

const address = () => `${unique('to')}@example.com`
const queued = async <D>(kind: Mail<D>, data: D) => {
  const to = address()
  await asSystem(here.db, org.id, 'a test', (tx) => queueMail(tx, kind, { to, data }))
  return to
}
/** Of an account, as the definer functions queue it. */
const told = async (template: string, data: object = {}, to?: string) => {
  const { accountId, email } = await makeUser(org)
  await sql`select app.queue_account_mail(${accountId}, ${template}, 'en', ${JSON.stringify(data)}, ${to ?? null})`.execute(
    here.owner,
  )
  return to ?? email
}
async function registered(): Promise<string> {
  await using process = await here.anotherProcess({ EMAIL_VALIDATION_ENABLED: 'true' })
  const email = address()
  const sent = { username: unique('new'), email, password: PASSWORD, first_name: 'New', last_name: 'One' }
  const answer = await anonymous(process.app).post(`/api/v1${paths.auth.register}`, sent)
  expect(answer.status, answer.text).toBeLessThan(300)
  return email
}

/** Every kind of mail, and to whom one was sent. */
const sent: Record<string, () => Promise<string>> = {
  test: () => queued(trial, {}),
  notice: () => queued(notice, { subject: 'S', lines: ['l'], link: { label: 'Look', path: '/users?q=a' } }),
  invitation: async () => (await invite(owner)).email,
  register: registered,
  'reset-password': () => told('reset-password'),
  'password-changed': () => told('password-changed'),
  'account-locked': () => told('account-locked'),
  'verify-email': () => told('verify-email'),
  'change-email': () => told('change-email', {}, address()),
  'email-changing': () => told('email-changing', { mail: null, proved: true }),
  'email-changed': () => told('email-changed'),
  'address-known': () => told('address-known'),
  'second-factor': () => told('second-factor', { what: 'on' }),
}

const settings = [
  [
    'under a prefix that the public address leaves out',
    { URL_PREFIX: '/back/office', PUBLIC_URL: 'https://ambit.example' },
  ],
  [
    'under a prefix that it has',
    { URL_PREFIX: '/back/office', PUBLIC_URL: 'https://ambit.example/back/office/' },
  ],
  ['under no prefix', { PUBLIC_URL: 'https://ambit.example' }],
] as [string, Record<string, string>][]

describe.each(settings)('%s', (_, given) => {
  const config = testConfig(given)
  const app = createApp({ ...here, config })

  test.each(mails.map(({ name }) => name))('the links of the mail %s lead to a page', async (name) => {
    const to = await sent[name]?.()
    const [mail] = (await mailTo(to ?? '', mails, config)).reverse()
    const links = mail?.text.match(/https?:\S+/g) ?? []
    // the one that it is about, and at its foot where it comes from
    expect(links.length).toBe(name === 'email-changed' ? 1 : 2)
    for (const link of links) {
      expect(link.startsWith(`https://ambit.example${config.URL_PREFIX}/`), link).toBe(true)
      expect(mail?.html).toContain(`href="${link.replaceAll('&', '&amp;')}"`)
      const answer = await app.request(link.slice('https://ambit.example'.length), {
        headers: { Accept: 'text/html' },
      })
      const text = await answer.text()
      // a page for whoever isn't signed in, or the way there
      if (answer.status === 303) expect(answer.headers.get('location')).toMatch(`${config.URL_PREFIX}/login`)
      else expect([answer.status, text.includes('</html>')], link).toEqual([200, true])
    }
  })
})

test('without a public address, it is that of the process', () => {
  expect(publicUrl(testConfig({ URL_PREFIX: '/a', PORT: '81' }))).toBe('http://localhost:81/a')
  expect(publicUrl(testConfig({ HOST: '192.0.2.1' }))).toBe('http://192.0.2.1:8080')
})
