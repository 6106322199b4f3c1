import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { z } from 'zod'
import { asSystem } from '#src/access/system.ts'
import { mails } from '#src/domains/shell/mails.ts'
import type { Handler } from '#src/platform/jobs/handler.ts'
import type { Carrier } from '#src/platform/mail/carrier.ts'
import { defineMail } from '#src/platform/mail/letter.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { queueMail } from '#src/platform/mail/queue.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'
import { makeOrganization, makeUser, unique } from '#tests/factories.ts'
import { until } from '#tests/jobs/here.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
export const org = await makeOrganization(`Käse & “Söhne” ${unique('')}`)
const account = (await makeUser(org)).accountId
export const address = () => `${unique('to')}@example.com`

export const tokens: string[] = []
/** Makes a secret when it is sent, like a password's reset. */
export const secret = defineMail({
  name: 'test_secret',
  to: 'account',
  data: z.strictObject({}),
  prepare: async ({ accountId, recipient }) => {
    const token = randomBytes(32).toString('base64url')
    tokens.push(token)
    return { token, whose: `${accountId} ${recipient}` }
  },
  letters: {
    en: ({ made, link }) => ({
      subject: 'Your link',
      body: [{ button: 'Go on', url: link(`/t/${made.token}`) }],
    }),
  },
})
export const kinds = [...mails, secret]

export const settings = (url: string, more: Record<string, string> = {}) =>
  testConfig({
    SMTP_URL: url,
    EMAIL_FROM: 'Ämbit <no-reply@ambit.example>',
    PUBLIC_URL: 'https://ambit.example/',
    URL_PREFIX: '/app',
    ...more,
  })
export const worker = (url: string, more?: Record<string, string>, carry?: Carrier): Handler =>
  sendsMails({ config: settings(url, more), mails: kinds, carry })

export const send = (to: string, subject: string, lines = ['x'], link?: { label: string; path: string }) =>
  asSystem(db, org.id, 'a test', (tx) => queueMail(tx, notice, { to, data: { subject, lines, link } }))

export const sendSecret = async (to: string) => {
  const queue = sql<{
    id: string
  }>`select app.queue_account_mail(${account}, 'test_secret', 'en', '{}', ${to}) as id`
  return (await queue.execute(owner)).rows[0]?.id as string
}

export const rowOf = (id: string) =>
  owner.selectFrom('mails').where('id', '=', id).selectAll().executeTakeFirst()
export const becomes = (id: string, status: string) => until(async () => (await rowOf(id))?.status === status)
/** What waits to be tried again is tried now. */
export const hurry = () =>
  sql`update jobs.job set start_after = now() where name = 'mail' and state = 'retry'`.execute(owner)
