import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { queueMail } from '#src/platform/mail/queue.ts'
import { makeOrganization, unique } from '#tests/factories.ts'
import { working } from '#tests/jobs/here.ts'
import { address, becomes, org, worker } from '#tests/mail/here.ts'
import { mailServer } from '#tests/mail/smtp.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db } = await testDatabase()

describe('nobody smuggles', () => {
  const evil = 'Hello\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>\u2028X-Evil: 1'

  test('headers or recipients in through a subject, a text or a name', async () => {
    await using server = await mailServer()
    await using _ = await working([worker(server.url)])
    const place = await makeOrganization(`Acme\r\nBcc: victim@example.com ${unique('')}`)
    const to = address()
    const id = await asSystem(db, place.id, 'a test', (tx) =>
      queueMail(tx, notice, { to, data: { subject: evil, lines: [evil] } }),
    )
    await becomes(id, 'sent')
    const [mail] = server.to(to)
    expect(mail?.to_).toEqual([to])
    expect(mail?.headers.map(({ key }) => key).sort()).toEqual(
      [
        'auto-submitted',
        'content-type',
        'date',
        'from',
        'message-id',
        'mime-version',
        'subject',
        'to',
      ].sort(),
    )
    expect(mail?.subject).toMatch(/^Hello Bcc: victim@example.com/)
    // the library would fold it, too: ours is a line before it gets there
    expect(mail?.subject).not.toMatch(/[\p{Cc}\p{Zl}]/u)
    expect(mail?.html).not.toContain('<script>')
    expect(server.to('victim@example.com')).toEqual([])
  })

  test.each([
    'a@example.com\r\nBcc: b@example.com',
    'a@example.com, b@example.com',
    'A <a@example.com>',
    '"a b"@example.com',
    'a@example.com>',
    'a',
    '',
    `${'a'.repeat(250)}@example.com`,
  ])('recipients in through %j', async (to) => {
    const queue = asSystem(db, org.id, 'a test', (tx) =>
      queueMail(tx, notice, { to, data: { subject: 'x', lines: ['x'] } }),
    )
    await expect(queue).rejects.toThrow()
    const raw = asSystem(db, org.id, 'a test', (tx) =>
      sql`select app.queue_mail('notice', ${to}, 'en', '{}')`.execute(tx),
    )
    await expect(raw).rejects.toMatchObject({ code: '23514' })
  })

  test('addresses elsewhere in through a link', async () => {
    for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
      const queue = () =>
        asSystem(db, org.id, 'a test', (tx) =>
          queueMail(tx, notice, {
            to: address(),
            data: { subject: 'x', lines: ['x'], link: { label: 'x', path } },
          }),
        )
      await expect(queue()).rejects.toThrow(/invalid_format/)
    }
  })
})
