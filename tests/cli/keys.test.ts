import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { trail } from '#tests/access/trail.ts'
import { run, useFolder } from '#tests/cli/commands.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'

useFolder()
const [org, other] = await Promise.all([makeOrganization(), makeOrganization()])
const person = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const works = async (key: Parameters<typeof as>[0]) =>
  (await as(key).get(`/api/v1${paths.auth.me}`)).status === 200

describe('keys:revoke', () => {
  test('ends the key that begins so, at once, and says so in the trail', async () => {
    const [key, kept] = [await withKey(person, ['user:read:own']), await withKey(person, ['user:read:own'])]
    expect(await works(key)).toBe(true)
    const done = await run(['keys:revoke', '--key', key.token.slice(0, 12), '--reason', 'leaked', '--json'])
    expect(done.code).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({
      revoked: [{ id: key.key, user: person.username, organization: org.slug }],
    })
    await expect.poll(() => works(key), { timeout: 1000 }).toBe(false)
    expect(await works(kept)).toBe(true)
    const line = (await trail(org, { target: key.key })).at(-1)
    expect(line).toMatchObject({ action: 'api_key:update', via: 'cli', actor_user_id: null })
    expect(line?.reason).toMatch(/^keys:revoke by .+: leaked$/)
    const again = await run(['keys:revoke', '--key', key.token.slice(0, 12)])
    expect([again.code, again.stderr]).toEqual([1, 'No active key matches.\n'])
  })

  test('ends one that leaked, which it doesn’t repeat', async () => {
    const key = await withKey(person, ['user:read:own'])
    const wrong = await run(['keys:revoke', '--secret-stdin'], { stdin: `${key.token}x\n` })
    expect([wrong.code, wrong.stderr]).toEqual([1, 'This isn’t an API key: its checksum is wrong.\n'])
    const done = await run(['keys:revoke', '--secret-stdin'], { stdin: `${key.token}\n` })
    expect(done.code).toBe(0)
    expect(done.stdout + done.stderr).not.toContain(key.token)
    await expect.poll(() => works(key), { timeout: 1000 }).toBe(false)
  })

  test('ends all of somebody, also of a service account, where it is told', async () => {
    const service = await serviceWith({ org }, [])
    const keyed = { ...person, id: service.id }
    const keys = [await withKey(keyed, ['user:read:own']), await withKey(keyed, ['user:read:own'])]
    expect((await run(['keys:revoke', '--of', ''])).code).toBe(1)
    const elsewhere = await run(['keys:revoke', '--of', service.username, '--organization', other.slug])
    expect(elsewhere.code).toBe(1)
    const done = await run([
      'keys:revoke',
      '--of',
      service.username.toUpperCase(),
      '--organization',
      org.slug,
    ])
    expect([done.code, done.stdout.trim().split('\n').length]).toEqual([0, 2])
    for (const key of keys) await expect.poll(() => works(key), { timeout: 1000 }).toBe(false)
  })

  test.each([[[]], [['--key', 'a', '--of', 'b']], [['--key', 'a', '--organization', 'b']]])(
    '%j is not understood',
    async (args) => {
      expect((await run(['keys:revoke', ...args])).code).toBe(2)
    },
  )
})
