import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { mails } from '#src/domains/shell/mails.ts'
import { paths } from '#src/paths.ts'
import { anonymous } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { mailTo, type Received } from '#tests/mail/mailbox.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

// as they may stand in the database from before there were rules for names
const PLACE = 'https://evil.example/claim your prize at www.evil.example'
const PERSON = { first_name: 'https://evil.example/now', last_name: 'or ada@evil.example\n192.0.2.1' }
const NAME = 'evil.example'

/** What mail programs make links of: anything with a dot between two letters or digits, a scheme or an at. */
const LINKS = /\S*(?::\/\/|[^\s.][.。]|\S@)[^\s.]\S*/gu
const ours = /^(http:\/\/localhost:\d+\/\S*|user@new\.example)$/

function expectNoLinks({ subject, text, html }: Received): void {
  const shown = html.replace(/<title>.*<\/title>|<[^>]*>/g, ' ')
  for (const part of [subject, text, shown])
    for (const [link] of part.matchAll(LINKS)) expect(link, part).toMatch(ours)
  expect(text).not.toMatch(/[\u200b-\u200d\ufeff]/)
}

async function hostile() {
  const org = await makeOrganization(`${PLACE} ${unique('')}`)
  const username = `${unique('a')}.${NAME}`
  const person = await makeUser(org, { roles: [roleOf(org, 'owner')], username, ...PERSON })
  return { org, person }
}

test('an invitation begins with a sentence of ours, and no name in it leads anywhere', async () => {
  const { person } = await hostile()
  const email = `${unique('guest')}@example.com`
  await invite(person, { email })
  const [mail] = await mailTo(email)
  if (!mail) throw new Error('no mail')
  expect(mail.subject).toMatch(/^You’re invited to join /)
  expect(mail.text).toMatch(
    /^You’re invited to Ambit\.\n\n“https evil․example\/now or ada at evil․example 192․0․2․1” invited/,
  )
  expect(mail.link).toMatch(/^http:\/\/localhost:\d+\/accept-invitation\//)
  expectNoLinks(mail)
})

test('no name of an account leads anywhere, in any mail about it', async () => {
  const { person } = await hostile()
  const kinds = mails.filter(({ to }) => to === 'account').map(({ name }) => name)
  expect(kinds.length).toBeGreaterThan(7)
  for (const kind of kinds) {
    const data =
      { 'second-factor': '{"what":"on"}', 'email-changing': '{"mail":null,"proved":true}' }[kind] ?? '{}'
    await sql`select app.queue_account_mail(${person.accountId}, ${kind}, 'en', ${data}::jsonb)`.execute(
      owner,
    )
    const [mail, ...more] = await mailTo(person.email)
    expect([more, mail?.text.includes(`${person.username.split('.')[0]}․evil․example`)], kind).toEqual([
      [],
      true,
    ])
    expectNoLinks(mail as Received)
  }
})

test('the name as a mail has it signs in', async () => {
  const { person } = await hostile()
  const username = person.username.replaceAll('.', '․')
  const answer = await anonymous().post(`/api/v1${paths.auth.forgotPassword}`, { username })
  expect(answer.status).toBe(202)
  expect(await mailTo(person.email)).toHaveLength(1)
})
