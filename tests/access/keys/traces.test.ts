import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { LastSeen } from '#src/http/last-seen.ts'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { trail } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner: past, db, rights } = here
const people = await makePeople()
const { org, owner, colleague } = people
const api = (path: string) => `/api/v1${path}`

describe('the trail', () => {
  test('names the key beside the person, on every line', async () => {
    const key = await withKey(owner, ['user:create:all', 'user:read:all', 'role:read:all', 'user:update:all'])
    const name = `by-key-${key.key.slice(-6)}`
    const made = await as(key).patch(api(paths.user(colleague.id)), { first_name: name })
    expect(made.status).toBe(200)
    const lines = await trail(org, { request: made.headers.get('x-request-id') as string })
    expect(lines.map(({ action }) => action)).toEqual(['user:update'])
    for (const line of lines)
      expect(line).toMatchObject({ actor_user_id: owner.id, via: 'api', api_key_id: key.key })
    const denied = await as(key).get(api(paths.events))
    const [refusal] = await trail(org, { request: denied.headers.get('x-request-id') as string })
    expect(refusal).toMatchObject({ action: 'access:denied', api_key_id: key.key })
    const seen = await as(owner).get(
      api(`${paths.events}?request_id=${lines[0]?.request_id}&actor_user_id=${owner.id}`),
    )
    const [event] = seen.json<{ data: { id: string; api_key: { name: string } }[] }>().data
    expect(event?.api_key).toMatchObject({ id: key.key })
    expect((await browserOf(owner).get(paths.event(event?.id as string))).text).toContain(
      `by the API key ${event?.api_key.name} changed`,
    )
    const request = denied.headers.get('x-request-id') as string
    expect((await as(key).get(api(paths.access.why({ request })))).status).toBe(200)
    expect(
      (await as(await withKey(owner, ['user:read:own'])).get(api(paths.access.why({ request })))).status,
    ).toBe(404)
    const plain = await as(owner).patch(api(paths.user(colleague.id)), { first_name: 'x' })
    const [line] = await trail(org, { request: plain.headers.get('x-request-id') as string })
    expect(line).toMatchObject({ actor_user_id: owner.id, api_key_id: null })
  })
})

describe('last used', () => {
  const used = (id: string) =>
    past
      .selectFrom('api_keys')
      .where('id', '=', id)
      .select([
        'last_used_at',
        sql<string>`host(last_used_ip)`.as('ip'),
        'version',
        sql<string>`xmin`.as('row'),
      ])
      .executeTakeFirstOrThrow()

  test('is written at most once a minute, outside of requests, and raises no version', async () => {
    const seen = new LastSeen(db)
    const key = await withKey(owner, ['user:read:own'])
    const identity = await rights.identify(key.token)
    if (!identity) throw new Error('nobody')
    seen.mark(identity, '192.0.2.7')
    expect((await used(key.key)).last_used_at).toBeNull()
    await seen.flush()
    const first = await used(key.key)
    expect(first).toMatchObject({ ip: '192.0.2.7', version: 1 })
    seen.mark(identity, '192.0.2.8')
    await seen.flush()
    expect(await used(key.key)).toEqual(first)
    await past
      .updateTable('api_keys')
      .set({ last_used_at: sql`now() - interval '61 seconds'` })
      .where('id', '=', key.key)
      .execute()
    seen.mark(identity, '192.0.2.8')
    seen.mark(identity, '192.0.2.9')
    await seen.flush()
    expect(await used(key.key)).toMatchObject({ ip: '192.0.2.9', version: 1 })
    expect(await trail(org, { target: key.key })).toHaveLength(1)
    await seen.stop()
  })

  test('is not written by a request', async () => {
    const key = await withKey(owner, ['user:read:own'])
    const before = await used(key.key)
    expect((await as(key).get(api(paths.usersMe))).status).toBe(200)
    expect(await used(key.key)).toEqual(before)
  })
})
