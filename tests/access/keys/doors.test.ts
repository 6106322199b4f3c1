import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { as, send } from '#tests/client.ts'
import { sessionOf } from '#tests/factories.ts'
import { passing } from '#tests/http/passing.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { oneOfEach, rowsOf } from '#tests/tenancy/rows.ts'

const { owner: past } = await testDatabase()
const { org, owner, member, foreigner } = await makePeople()
/** Of whoever may do everything: all that the key may not, its owner may. */
const key = await withKey(owner, ['user:read:own'])

const nameOf = ({ method, path }: Endpoint) => `${method} ${path}`
const forPrograms = endpoints.filter(({ only }) => only !== 'page')
const ask = (who: { token: string }, { method, path }: Endpoint, id: string, body?: object) =>
  send(`/api/v1${path.replace(/:\w+/g, id)}`, {
    method,
    headers: {
      Accept: 'application/json',
      Authorization: `Bearer ${who.token}`,
      ...(body ? { 'Content-Type': 'application/json' } : {}),
    },
    body: body && JSON.stringify(body),
  })

/** What somebody reached who is signed in by no more than a key, in words of the route table. */
const openToKeys = forPrograms.filter(
  ({ access }) => 'signedIn' in access && access.signedIn === 'by any key',
)

describe('a key for user:read:own alone, of somebody who may do everything', async () => {
  const ids = [
    owner.id,
    member.id,
    foreigner.id,
    key.key,
    await sessionOf(owner.token),
    ...Object.values(await oneOfEach(org.id)),
  ]
  const accounts = () => past.selectFrom('accounts').where('id', '=', owner.accountId).selectAll().execute()
  const before = [await rowsOf(org.id, ['events']), await accounts()]

  const others = forPrograms.filter(({ access }) => 'can' in access && access.can !== 'user:read')
  test.each(others.map((one) => [nameOf(one), one] as const))('%s: 403', async (_, endpoint) => {
    for (const id of endpoint.path.includes(':') ? ids : [owner.id]) {
      const answer = await ask(
        key,
        endpoint,
        id,
        endpoint.method === 'GET' ? undefined : (passing(endpoint) ?? {}),
      )
      expect(answer.status).toBe(403)
    }
  })

  const inPerson = forPrograms.filter(({ access }) => 'signedIn' in access && access.signedIn === 'in person')
  test.each(inPerson.map((one) => [nameOf(one), one] as const))('%s: not by a key', async (_, endpoint) => {
    const answer = await ask(
      key,
      endpoint,
      owner.id,
      endpoint.method === 'GET' ? undefined : (passing(endpoint) ?? {}),
    )
    expect(answer.status).toBe(403)
  })

  test.each(openToKeys.map((one) => [nameOf(one), one] as const))(
    '%s: nothing of others',
    async (_, endpoint) => {
      for (const id of endpoint.path.includes(':') ? ids : [owner.id]) {
        const answer = await ask(
          key,
          endpoint,
          id,
          endpoint.method === 'GET' ? undefined : (passing(endpoint) ?? {}),
        )
        expect(answer.status).toBeLessThan(500)
        expect(answer.text).not.toContain(member.username)
        expect(answer.text).not.toContain(foreigner.username)
        if (endpoint.method !== 'GET' && !endpoint.path.startsWith('/access'))
          expect([403, 404, 422]).toContain(answer.status)
      }
    },
  )

  test('reads its owner, by every door to people', async () => {
    for (const endpoint of forPrograms.filter(
      ({ access }) => 'can' in access && access.can === 'user:read',
    )) {
      for (const id of endpoint.path.includes(':') ? ids : [owner.id]) {
        const answer = await ask(key, endpoint, id)
        const own = !endpoint.path.includes(':') || id === owner.id
        expect(own ? [200] : [403, 404], nameOf(endpoint)).toContain(answer.status)
        expect(answer.text).not.toContain(member.username)
      }
    }
  })

  test('changed nothing at all', async () => {
    expect([await rowsOf(org.id, ['events']), await accounts()]).toEqual(before)
  })
})

test('its owner may do what the key may not', async () => {
  for (const path of ['/users', '/roles', '/groups', '/sessions', '/events', '/permissions', '/api-keys']) {
    expect((await as(owner).get(`/api/v1${path}`)).status, path).toBe(200)
    if (path !== '/users') expect((await as(key).get(`/api/v1${path}`)).status, path).toBe(403)
  }
})

test('only these endpoints ask for their permission themselves', () => {
  expect(
    openToKeys
      .map(nameOf)
      .filter((name) => !/\/bulk(\/preview)?$/.test(name))
      .sort(),
  ).toEqual([
    'DELETE /departments/:id/members/:user_id',
    'DELETE /groups/:id/members/:user_id',
    'GET /access/explain',
    'GET /auth/me',
    'GET /departments/:id/members',
    'GET /groups/:id/members',
    'POST /access/check',
    'POST /departments/:id/members',
    'POST /groups/:id/members',
    'PUT /departments/:id/members/:user_id',
    'PUT /groups/:id/members/:user_id',
  ])
})
