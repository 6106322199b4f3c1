import { spawnSync } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ask, newPassword, strongPassword } from '#src/cli/prompt.ts'
import { weakness } from '#src/platform/password-policy.ts'
import { beginAtTerminal, useFolder } from '#tests/cli/commands.ts'
import { anonymous } from '#tests/client.ts'
import { makeOrganization, makeUser } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { config } = await testDatabase()
const STRONG = 'Another-Horse-8'
useFolder()

const signIn = async (username: string, password: string) =>
  (await anonymous().post('/api/v1/auth/login', { username, password })).status

describe('at a terminal', { timeout: 60_000 }, () => {
  const asked = { fromStdin: false, about: [] }

  /** Types each answer when its question was put, and keeps what is seen. */
  function typist(answers: string[]) {
    const input = new PassThrough()
    const output = new PassThrough()
    const seen: string[] = []
    output.on('data', (chunk) => {
      seen.push(String(chunk))
      if (/: $/.test(String(chunk))) setTimeout(() => input.write(`${answers.shift()}\r`), 10)
    })
    return { terminal: { input, output, asks: true }, seen: () => seen.join('') }
  }

  it('asks for a password twice, without showing it, until the rules take it', async () => {
    const { terminal, seen } = typist(['weak', STRONG, 'Other-Horse-9', STRONG, STRONG])
    expect(await newPassword(terminal, config, asked)).toBe(STRONG)
    expect(seen()).toBe(
      'Password: \nThe password needs 8 characters, an upper-case letter, a digit, and a symbol.\n' +
        'Password: \nOnce more: \nThe passwords differ.\nPassword: \nOnce more: \n',
    )
  })

  it('shows what else is typed, and does nothing at Ctrl-D', async () => {
    const shown = typist(['ada'])
    expect(await ask(shown.terminal, 'User name')).toBe('ada')
    expect(shown.seen()).toContain('ada')
    await expect(newPassword(typist(['\u0004']).terminal, config, asked)).rejects.toThrow('Nothing changed.')
  })

  const pty = spawnSync('script', ['--version']).status === 0
  it.skipIf(!pty)('leaves no password on a real one', async () => {
    const person = await makeUser(await makeOrganization())
    const { child, done } = beginAtTerminal(['admin:reset-password', person.username])
    child.stdout.on('data', (chunk) => {
      if (/(Password|Once more): $/.test(String(chunk))) child.stdin.write(`${STRONG}\r`)
    })
    const { code, stdout } = await done
    expect(code).toBe(0)
    expect(stdout).toContain('Once more: ')
    expect(stdout).not.toContain(STRONG)
    expect(await signIn(person.username, STRONG)).toBe(200)
  })

  it('generates passwords that the strictest rules take', async () => {
    const strict = { ...config, PASSWORD_MIN_LENGTH: 40 }
    const made = await Promise.all(Array.from({ length: 200 }, () => strongPassword(strict)))
    expect(new Set(made).size).toBe(200)
    for (const password of made)
      expect([password.length, await weakness(password, strict)]).toEqual([40, null])
  })
})
