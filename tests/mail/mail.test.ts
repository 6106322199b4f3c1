import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import { carrierOf } from '#src/platform/mail/carrier.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { mailJob, queueMail } from '#src/platform/mail/queue.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'
import { until, working } from '#tests/jobs/here.ts'
import {
  address,
  becomes,
  hurry,
  kinds,
  org,
  rowOf,
  secret,
  send,
  sendSecret,
  settings,
  tokens,
  worker,
} from '#tests/mail/here.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { mailServer } from '#tests/mail/smtp.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()

describe('a mail', () => {
  test('arrives as text and as HTML, with letters of every kind, from whom and to whom it shall', async () => {
    await using server = await mailServer()
    await using _ = await working([worker(server.url, { EMAIL_REPLY_TO: 'help@ambit.example' })])
    const to = address()
    const lines = ['Grüße an alle: ☃ <b>nicht fett</b>', 'Ende.']
    const id = await send(to, 'Prüfung 日本 & mehr', lines, { label: 'Öffnen', path: '/users?q=a&b=c' })
    await becomes(id, 'sent')
    const [mail] = server.to(to)
    expect(mail).toMatchObject({
      subject: 'Prüfung 日本 & mehr',
      from: { name: 'Ämbit', address: 'no-reply@ambit.example' },
      to: [{ address: to, name: '' }],
      replyTo: [{ address: 'help@ambit.example' }],
      messageId: `<${id}@ambit.example>`,
      from_: 'no-reply@ambit.example',
      to_: [to],
    })
    const url = 'https://ambit.example/app/users?q=a&b=c'
    expect(mail?.text).toContain(`${lines.join('\n\n')}\n\nÖffnen:\n${url}\n\n-- \nKäse & “Söhne”`)
    expect(mail?.html).toContain('<p>Grüße an alle: ☃ &lt;b&gt;nicht fett&lt;/b&gt;</p>')
    expect(mail?.html).toContain(`href="${url.replace('&', '&amp;')}"`)
    expect(mail?.html).toMatch(/<font size="2" color="#60646c">Käse &amp; “Söhne”/)
    expect(mail?.html).not.toMatch(/style|<script|http:/)
    expect(mail?.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated')
    expect(await rowOf(id)).toMatchObject({ status: 'sent', attempts: 1, last_error: null, content: null })
    expect((await rowOf(id))?.sent_at).not.toBeNull()
  })

  test('of a transaction that is rolled back is never sent', async () => {
    await using server = await mailServer()
    await using _ = await working([worker(server.url)])
    const to = address()
    const undone = asSystem(db, org.id, 'a test', async (tx) => {
      await queueMail(tx, notice, { to, data: { subject: 'undone', lines: ['x'] } })
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    const id = await send(to, 'kept')
    await becomes(id, 'sent')
    await sleep(600)
    expect(server.to(to).map(({ subject }) => subject)).toEqual(['kept'])
  })

  test('that is refused for now is sent later, under the same name', async () => {
    let times = 0
    await using server = await mailServer({ rcpt: (to) => (to.startsWith('to') && times++ < 2 ? 451 : null) })
    await using here = await working([worker(server.url)])
    const to = address()
    const id = await send(to, 'patience')
    await until(async () => (await rowOf(id))?.last_error?.includes('451') === true)
    expect(await rowOf(id)).toMatchObject({ status: 'queued', sent_at: null })
    await until(async () => {
      await hurry()
      return (await rowOf(id))?.status === 'sent'
    })
    expect(await rowOf(id)).toMatchObject({ attempts: 3, last_error: null })
    expect(server.to(to).map(({ messageId }) => messageId)).toEqual([`<${id}@ambit.example>`])
    expect(here.said.filter(({ level }) => level === 'warn').length).toBeGreaterThan(1)
    expect(JSON.stringify(here.said)).not.toContain(to)
  })

  test.each([
    ['recipient', { rcpt: () => 550 }],
    ['content', { data: () => 554 }],
  ])('whose %s is refused for good is given up at once', async (_, refusing) => {
    await using server = await mailServer(refusing)
    await using _here = await working([worker(server.url)])
    const id = await send(address(), 'refused')
    await becomes(id, 'failed')
    expect(await rowOf(id)).toMatchObject({ attempts: 1, sent_at: null })
    expect((await rowOf(id))?.last_error).toMatch(/55[04]/)
    const { rows } = await sql`select state from jobs.job where data -> 'payload' ->> 'mail' = ${id}`.execute(
      owner,
    )
    expect(rows).toEqual([{ state: 'completed' }])
  })

  test('waits for a mail server that is down, or refuses our password', async () => {
    const server = await mailServer({ password: 'right' })
    const { port } = server
    const at = (password: string) => `smtp://me:${password}@127.0.0.1:${port}`
    const id = await send(address(), 'down')
    {
      await using _ = await working([worker(at('wrong'))])
      await until(async () => (await rowOf(id))?.last_error?.includes('535') === true)
    }
    await server.close()
    {
      await using _ = await working([worker(at('right'))])
      await hurry()
      await until(async () => (await rowOf(id))?.last_error?.includes('ECONNREFUSED') === true)
    }
    expect(await rowOf(id)).toMatchObject({ status: 'queued' })
  })

  test('is given up after its last attempt', async () => {
    const id = await send(address(), 'at last')
    await sql`update jobs.job set retry_limit = 0 where data -> 'payload' ->> 'mail' = ${id}`.execute(owner)
    await using _ = await working([worker('smtp://127.0.0.1:1')])
    await becomes(id, 'failed')
    expect((await rowOf(id))?.last_error).toContain('ECONNREFUSED')
  })

  test('that was sent by a worker who died before saying so is sent once more, and can be told', async () => {
    await using server = await mailServer()
    const to = address()
    const carry = carrierOf(settings(server.url))
    let died = false
    let id = ''
    const mortal = handled(mailJob, (attempt) => {
      const lookup: typeof db.lookup = (call) => {
        const { sql: text, parameters } = call.compile(owner)
        if (died || !text.includes('settle_mail') || parameters[0] !== id) return db.lookup(call)
        died = true
        throw new Error('dead')
      }
      const { run } = worker(server.url, {}, carry)
      return run({ ...attempt, db: { ...attempt.db, lookup } } as never)
    })
    await using _ = await working([mortal])
    id = await send(to, 'twice')
    await until(async () => {
      await hurry()
      return (await rowOf(id))?.status === 'sent'
    })
    const name = `<${id}@ambit.example>`
    expect(server.to(to).map(({ messageId }) => messageId)).toEqual([name, name])
  })

  test('says that there is no mail server, in production', async () => {
    const config = testConfig({ ENVIRONMENT: 'production' })
    await using _ = await working([sendsMails({ config, mails: kinds })])
    const id = await send(address(), 'nobody')
    await becomes(id, 'failed')
    expect(await rowOf(id)).toMatchObject({
      last_error: 'There is no mail server: set SMTP_URL.',
      content: null,
    })
  })
})

test('no password goes to another machine without TLS, unless it is said so', async () => {
  await using server = await mailServer({ password: 'right' })
  // this machine, by a name that doesn't say so
  const elsewhere = `smtp://me:right@127.1:${server.port}`
  const mailbox = { name: '', address: 'a@example.com' }
  const message = {
    from: mailbox,
    replyTo: undefined,
    to: 'b@example.com',
    subject: 'x',
    text: 'x',
    html: 'x',
  }
  const carry = (url: string) => carrierOf(settings(url))({ ...message, messageId: '<x@example.com>' })
  await expect(carry(elsewhere)).rejects.toMatchObject({ command: 'STARTTLS' })
  expect(server.arrived).toEqual([])
  await carry(`${elsewhere}?requireTLS=false`)
  await carry(server.url.replace('//', '//me:right@'))
  expect(server.arrived).toHaveLength(2)
})

describe('mail about an account', () => {
  test('makes its secret when it is sent; neither the queue nor the mails ever hold it', async () => {
    let times = 0
    await using server = await mailServer({ rcpt: () => (times++ === 0 ? 451 : null) })
    await using _ = await working([worker(server.url)])
    const to = address()
    const id = await sendSecret(to)
    await until(async () => {
      await hurry()
      return (await rowOf(id))?.status === 'sent'
    })
    const [mail] = server.to(to)
    const token = /\/t\/([\w-]+)/.exec(mail?.text ?? '')?.[1] as string
    // made anew at each attempt
    expect(tokens.slice(-2)).toEqual([expect.any(String), token])
    const { rows } = await sql<{ line: string }>`
      select m::text as line from mails m union all select j::text from jobs.job j
      union all select q::text from jobs.queue q`.execute(owner)
    const dump = rows.map(({ line }) => line).join('\n')
    expect(dump).toContain(id)
    for (const made of tokens) expect(dump).not.toContain(made)
  })

  test('is of nobody whom an organization names', async () => {
    const queue = asSystem(db, org.id, 'a test', (tx) => queueMail(tx, secret, { to: address(), data: {} }))
    await expect(queue).rejects.toThrow('is no mail of an organization')
    const to = address()
    const made = tokens.length
    await asSystem(db, org.id, 'a test', (tx) =>
      sql`select app.queue_mail('test_secret', ${to}, 'en', '{}')`.execute(tx),
    )
    expect(await mailTo(to, kinds)).toEqual([])
    expect(tokens.length).toBe(made)
    const [row] = await owner.selectFrom('mails').where('recipient', '=', to).selectAll().execute()
    expect(row).toMatchObject({ status: 'failed', last_error: 'test_secret is not of this kind' })
    // the positive twin
    await sendSecret(to)
    expect((await mailTo(to, kinds))[0]?.link).toMatch(/^http:\/\/localhost:8080\/t\/[\w-]{43}$/)
  })
})
