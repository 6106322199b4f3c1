import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { newApiKey } from '#src/access/api-key.ts'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { bites, cached, reads, readsSelf } from '#tests/access/processes.ts'
import { trail } from '#tests/access/trail.ts'
import { as, send } from '#tests/client.ts'
import { assign, makeRole, makeUser, roleOf } from '#tests/factories.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner: past } = here
const people = await makePeople()
const { org, owner } = people
const api = (path: string) => `/api/v1${path}`
const bearer = (token: string, more: Record<string, string> = {}) => ({
  headers: { Accept: 'application/json', Authorization: `Bearer ${token}`, ...more },
})

describe('a key ends', () => {
  const works = async (key: { token: string }) => (await send(api(paths.auth.me), bearer(key.token))).status

  test.each<[string, (key: Awaited<ReturnType<typeof withKey>>) => Promise<unknown>]>([
    [
      'is revoked',
      ({ key }) =>
        past.updateTable('api_keys').set({ revoked_at: sql`now()` }).where('id', '=', key).execute(),
    ],
    [
      'has its end',
      ({ key }) =>
        past.updateTable('api_keys').set({ expires_at: sql`now()` }).where('id', '=', key).execute(),
    ],
    [
      'has a disabled owner',
      ({ id }) => past.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute(),
    ],
    [
      'has a deleted owner',
      ({ id }) => past.updateTable('users').set({ deleted_at: sql`now()` }).where('id', '=', id).execute(),
    ],
    [
      'has an owner with a disabled account',
      ({ accountId }) =>
        past.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', accountId).execute(),
    ],
  ])('when it %s, on every process within a second', async (_, happens) => {
    await using other = await here.anotherProcess()
    const person = await personWith(org, ['user:read:own'])
    const key = await withKey(person, ['user:read:own'])
    for (const process of [here, other]) {
      expect(await readsSelf(key)(process)).toBe(200)
      await cached(process, key)
    }
    await happens(key)
    for (const process of [here, other]) await bites(process, readsSelf(key), 401)
  })

  test('in what it may, when its owner is demoted while it is in use', async () => {
    await using other = await here.anotherProcess()
    const person = await makeUser(org, { roles: [roleOf(org, 'admin')] })
    const key = await withKey(person, ['user:read:all'])
    await cached(here, key)
    await cached(other, key)
    for (const process of [here, other]) expect(await reads(key, owner.id)(process)).toBe(200)
    await past.deleteFrom('user_roles').where('user_id', '=', person.id).execute()
    for (const process of [here, other]) await bites(process, reads(key, owner.id), 403)
    await assign(org, person.id, roleOf(org, 'admin'))
    await expect.poll(() => reads(key, owner.id)(other), { timeout: 1000 }).toBe(200)
  })

  test('by itself, at its own time and at that of its owner’s role', async () => {
    const short = await withKey(owner, ['user:read:own'], { ends: '700 milliseconds' })
    const role = await makeRole(org, { permissions: ['role:read:all'] })
    const person = await makeUser(org)
    await assign(org, person.id, { id: role, expires: '700 milliseconds' })
    const lent = await withKey(person, ['role:read:all'])
    expect(await works(short)).toBe(200)
    expect((await as(lent).get(api(paths.roles))).status).toBe(200)
    await cached(here, lent)
    await expect.poll(() => works(short), { timeout: 2000 }).toBe(401)
    await expect.poll(async () => (await as(lent).get(api(paths.roles))).status, { timeout: 2000 }).toBe(403)
    expect(await works(lent)).toBe(200)
  })

  test('for good with the person: restored, they make new ones', async () => {
    const person = await personWith(org, ['user:read:own'])
    const key = await withKey(person, ['user:read:own'])
    for (const deleted_at of [sql<string>`now()`, null])
      await past.updateTable('users').set({ deleted_at }).where('id', '=', person.id).execute()
    expect(await works(key)).toBe(401)
    expect(await works(await withKey(person, ['user:read:own']))).toBe(200)
  })

  test('with its organization', async () => {
    const other = await makePeople()
    const key = await withKey(other.owner, ['user:read:own'])
    expect(await works(key)).toBe(200)
    const suspend = (status: string) =>
      past.updateTable('organizations').set({ status }).where('id', '=', other.org.id).execute()
    await suspend('suspended')
    await expect.poll(() => works(key), { timeout: 1000 }).toBe(401)
    await suspend('active')
    await expect.poll(() => works(key), { timeout: 1000 }).toBe(200)
  })
})

describe('allowed addresses', () => {
  const from = async (
    process: { app: typeof here.app },
    token: string,
    socket: string,
    forwarded?: string,
  ) => {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${token}`,
      ...(forwarded ? { 'X-Forwarded-For': forwarded } : {}),
    }
    const connection = { incoming: { socket: { remoteAddress: socket } } }
    return (await process.app.request(api(paths.auth.me), { headers }, connection)).status
  }

  test.each([
    [['192.0.2.0/24'], '192.0.2.200', 200],
    [['192.0.2.0/24'], '192.0.3.1', 401],
    [['192.0.2.0/24'], '::ffff:192.0.2.9', 200],
    [['192.0.2.0/24'], '::ffff:192.0.3.9', 401],
    [['2001:db8::/32'], '2001:db8:1::5', 200],
    [['2001:db8::/32'], '2001:db9::5', 401],
    [['2001:db8::/32'], '192.0.2.1', 401],
    [['10.0.0.0/8', '2001:db8::1/128'], '2001:db8::1', 200],
    [['10.0.0.0/8', '2001:db8::1/128'], '2001:db8::2', 401],
  ])('%j from %s: %d', async (addresses, socket, status) => {
    const { token } = await withKey(owner, ['user:read:own'], { addresses })
    expect(await from(here, token, socket)).toBe(status)
    // the same with rights that are cached
    expect(await from(here, token, socket)).toBe(status)
  })

  test('are those of the client, whom only a trusted proxy names', async () => {
    await using behind = await here.anotherProcess({ TRUSTED_PROXIES: '10.0.0.0/8' })
    const { token } = await withKey(owner, ['user:read:own'], { addresses: ['192.0.2.7/32'] })
    expect(await from(here, token, '10.0.0.1', '192.0.2.7')).toBe(401)
    expect(await from(behind, token, '10.0.0.1', '192.0.2.7')).toBe(200)
    expect(await from(behind, token, '10.0.0.1', '192.0.2.7, 10.9.9.9')).toBe(200)
    expect(await from(behind, token, '10.0.0.1', '192.0.2.7, 203.0.113.1')).toBe(401)
    expect(await from(behind, token, '203.0.113.1', '192.0.2.7')).toBe(401)
    expect(await from(behind, token, '192.0.2.7', '203.0.113.1')).toBe(200)
  })

  test('leave a line in the trail where somebody else tries, and say no more than to anybody', async () => {
    const { token, key } = await withKey(owner, ['user:read:own'], { addresses: ['198.51.100.1/32'] })
    const answer = await send(api(paths.auth.me), bearer(token))
    const unknown = await send(api(paths.auth.me), bearer(newApiKey()))
    const told = ({ text }: typeof answer) => ({ ...JSON.parse(text), request_id: '' })
    expect([answer.status, told(answer)]).toEqual([401, told(unknown)])
    const lines = await trail(org, { request: answer.headers.get('x-request-id') as string })
    expect(lines).toMatchObject([
      {
        action: 'access:denied',
        actor_user_id: owner.id,
        api_key_id: key,
        ip: '192.0.2.7',
        data: { wanted: 'api_key:address' },
      },
    ])
  })
})
