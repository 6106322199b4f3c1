import { describe, expect, test } from 'vitest'
import { vaultOf } from '#src/domains/accounts/code.ts'
import { codeOf, withFactor } from '#tests/accounts/factors.ts'
import { run, useFolder } from '#tests/cli/commands.ts'
import { anonymous } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD, SECRET } from '#tests/setup/secrets.ts'

useFolder()
const { owner, anotherProcess } = await testDatabase()
const org = await makeOrganization()
// what other files of this database sealed under keys of their own
await owner.deleteFrom('totp_credentials').execute()
const NEW = 'the key that comes after, of thirty-two characters'
const rotated = { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: SECRET }

describe('secrets:rotate', () => {
  test('seals second factors anew, so that the key before can go', async () => {
    const person = await makeUser(org, { roles: [roleOf(org, 'user')] })
    const factor = await withFactor(person)
    const done = await run(['secrets:rotate', '--reason', 'yearly', '--json'], { env: rotated })
    expect([done.code, done.stderr]).toEqual([0, ''])
    expect(JSON.parse(done.stdout)).toEqual({ sealed: expect.any(Number), lost: 0 })
    const row = owner.selectFrom('totp_credentials').where('account_id', '=', person.accountId)
    const { secret } = await row.select('secret').executeTakeFirstOrThrow()
    expect(vaultOf({ SECRET_KEY: SECRET } as never).open(secret, person.accountId)).toBeNull()
    await using next = await anotherProcess()
    Object.assign(next.config, { SECRET_KEY: NEW })
    const login = { username: person.username, password: PASSWORD, code: await codeOf(factor) }
    const answer = await anonymous(next.app).post('/api/auth/login', login)
    expect(answer.status, answer.text).toBe(200)
    const events = owner.selectFrom('security_events').where('action', '=', 'secrets:rotate')
    const [event] = await events.select('data').orderBy('created_at', 'desc').limit(1).execute()
    expect(event?.data).toMatchObject({ reason: expect.stringMatching(/^secrets:rotate by .+: yearly$/) })
    // back, for whoever else is in this database
    const back = { SECRET_KEY: SECRET, SECRET_KEY_PREVIOUS: NEW }
    expect((await run(['secrets:rotate'], { env: back })).code).toBe(0)
  })

  test('leaves what neither key opens, and says so', async () => {
    const person = await makeUser(org)
    await withFactor(person, { secrets: { SECRET_KEY: 'a key that nobody has any more, and long enough' } })
    const done = await run(['secrets:rotate'], { env: { SECRET_KEY: SECRET, SECRET_KEY_PREVIOUS: NEW } })
    expect([done.code, done.stdout + done.stderr]).toEqual([1, expect.stringContaining('with neither key')])
    await owner.deleteFrom('totp_credentials').where('account_id', '=', person.accountId).execute()
  })

  test('does nothing without the key before', async () => {
    const done = await run(['secrets:rotate'])
    expect([done.code, done.stderr]).toEqual([2, expect.stringContaining('SECRET_KEY_PREVIOUS is not set')])
  })
})

describe('user:create', () => {
  const create = (username: string, ...more: string[]) =>
    run(
      [
        'user:create',
        '--username',
        username,
        '--email',
        `${username}@example.com`,
        '--organization',
        org.slug,
      ].concat(more, '--password-stdin'),
      { stdin: 'Correct-Horse-9\n' },
    )

  test('makes a person with a role of the organization, who can sign in', async () => {
    for (const [username, more, role] of [
      ['made.by.command', [], 'user'],
      ['made.as.viewer', ['--role', 'viewer'], 'viewer'],
    ] as const) {
      const done = await create(username, ...more)
      expect([done.code, done.stdout]).toEqual([
        0,
        `${username} is ${role} of ${org.slug} and can sign in.\n`,
      ])
      const login = { username, password: 'Correct-Horse-9' }
      const answer = await anonymous().post('/api/auth/login', login)
      expect(answer.json<{ user: { roles: { name: string }[] } }>().user.roles).toMatchObject([
        { name: role },
      ])
    }
  })

  test('refuses a role that is not there', async () => {
    const done = await create('never.made', '--role', 'nobody')
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('The role nobody of')])
  })
})
