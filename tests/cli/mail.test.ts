import { describe, expect, test } from 'vitest'
import { run, useFolder } from '#tests/cli/commands.ts'
import { mailServer } from '#tests/mail/smtp.ts'

useFolder()
const from = { EMAIL_FROM: 'Ambit <no-reply@ambit.example>', PUBLIC_URL: 'https://ambit.example' }

describe('mail:test', { timeout: 60_000 }, () => {
  test('sends a mail and says so', async () => {
    await using server = await mailServer({ password: 'Geheim%1' })
    const parts = {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: `${server.port}`,
      SMTP_USERNAME: 'me',
      SMTP_PASSWORD: 'Geheim%1',
    }
    const done = await run(['mail:test', 'ada@example.com', '--json'], { env: { ...from, ...parts } })
    expect(done).toMatchObject({ code: 0, stderr: '' })
    const [mail] = server.to('ada@example.com')
    expect(JSON.parse(done.stdout)).toEqual({
      to: 'ada@example.com',
      from: 'no-reply@ambit.example',
      message_id: mail?.messageId,
    })
    expect(mail?.subject).toBe('Test mail from Ambit')
    expect(mail?.text).toContain('https://ambit.example/')
  })

  test('says what is wrong, and never the password', async () => {
    await using server = await mailServer({ password: 'right', rcpt: () => 550 })
    const at = (password: string) => ({ ...from, SMTP_URL: `smtp://me:${password}@127.0.0.1:${server.port}` })
    const refused = await run(['mail:test', 'ada@example.com'], { env: at('right') })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^Not sent: .*550/)
    const wrong = await run(['mail:test', 'ada@example.com'], { env: at('wr0ng-pass') })
    expect(wrong.stderr).toMatch(/^Not sent: .*535/)
    expect(wrong.stderr).not.toContain('wr0ng-pass')
  })

  test('asks for a mail server, and for an address', async () => {
    const none = await run(['mail:test', 'ada@example.com'])
    expect(none).toMatchObject({
      code: 1,
      stderr: 'No mail server is configured: set SMTP_URL or SMTP_HOST.\n',
    })
    expect(await run(['mail:test', 'nobody'])).toMatchObject({
      code: 1,
      stderr: 'The address: Enter an e-mail address like name@example.com.\n',
    })
  })
})
