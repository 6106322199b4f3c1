import { Hono } from 'hono'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { mount } from '#src/http/mount.ts'
import { type Answer, anonymous, as, browserOf, type Program, visitor } from '#tests/client.ts'
import { sessionOf } from '#tests/factories.ts'
import { passing } from '#tests/http/passing.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { oneOfEach, rowsOf } from '#tests/tenancy/rows.ts'

const { owner: past } = await testDatabase()
const people = await makePeople()
const { owner, admin, member, viewer, colleague, foreigner } = people
const nameOf = ({ method, path }: Endpoint) => `${method} ${path}`
const named = endpoints.map((endpoint) => [nameOf(endpoint), endpoint] as const)

/** What a write needs to come as far as its record. */
const person = {
  username: 'x',
  email: 'x@example.com',
  first_name: 'X',
  last_name: 'Y',
  locale: 'en',
  time_zone: 'UTC',
}
const bodies: Record<string, Record<string, string>> = {
  'PUT /users/:id': { ...person, status: 'active' },
  'PATCH /users/:id': { first_name: 'X' },
  'PATCH /organizations/:id': { name: 'X' },
  'PUT /api-keys/:id': { name: 'X', permissions: 'user:read:own' },
  'POST /organizations/:id/enter': { reason: 'X' },
}

/** A step of a file on its way in, which every entity has. */
const isImport = ({ path }: Endpoint) => path.endsWith('/imports/:id')

const addresses = ({ path, only }: Endpoint) => [
  ...(only === 'api' ? [] : [path]),
  ...(only === 'page' ? [] : [`/api${path}`, `/api/v1${path}`]),
]

/** Asks by a program where there is JSON, and by a browser where there is a page. */
async function ask(
  who: Person | null,
  endpoint: Endpoint,
  fill: (path: string) => string,
): Promise<[string, Answer][]> {
  const { method, only } = endpoint
  const body = bodies[nameOf(endpoint)] ?? (isImport(endpoint) ? { action: 'check' } : passing(endpoint))
  const verb = method.toLowerCase() as 'get' | 'put' | 'patch' | 'delete' | 'post'
  const program: Program = who ? as(who) : anonymous()
  const answers: [string, Answer][] = []
  for (const address of addresses(endpoint).map(fill)) {
    if (only !== 'page') answers.push([`${method} ${address}`, await program[verb](address, body as never)])
    if (address.startsWith('/api') || only === 'json' || only === 'api') continue
    const browser = who ? browserOf(who) : visitor()
    answers.push([`${method} ${address} (page)`, await browser[verb](address, body as never)])
  }
  return answers
}

async function permissionsOf({ org, id }: Person): Promise<string[]> {
  const { rows } = await sql<{
    rights: { permissions: string[] }
  }>`select app.rights(${org.id}, ${id}) as rights`.execute(past)
  return rows[0]?.rights.permissions ?? []
}

describe('the route table', () => {
  test.each(named)('%s says who may', (_, { access }) => {
    expect(Object.keys(access)).toHaveLength(1)
    if ('public' in access) expect(access.public.length).toBeGreaterThan(10)
    else expect('can' in access ? access.can : access.signedIn).toBeTruthy()
  })

  test('is open to everybody at these places only', () => {
    const open = endpoints.filter(({ access }) => 'public' in access)
    expect(open.map(nameOf).sort()).toEqual([
      'GET /accept-invitation/:token',
      'GET /dev/mail',
      'GET /dev/mail/:id',
      'GET /docs',
      'GET /forgot-password',
      'GET /health',
      'GET /health/ready',
      'GET /login',
      'GET /login/code',
      'GET /openapi.json',
      'GET /redoc',
      'GET /register',
      'GET /reset-password/:token',
      'GET /undo-email/:token',
      'GET /unlock/:token',
      'GET /verify-email/:token',
      'POST /accept-invitation/:token',
      'POST /auth/accept-invitation',
      'POST /auth/forgot-password',
      'POST /auth/login',
      'POST /auth/refresh',
      'POST /auth/register',
      'POST /auth/reset-password',
      'POST /auth/undo-email',
      'POST /auth/unlock',
      'POST /auth/verify-email',
      'POST /forgot-password',
      'POST /login',
      'POST /login/code',
      'POST /register',
      'POST /reset-password/:token',
      'POST /undo-email/:token',
      'POST /unlock/:token',
      'POST /verify-email/:token',
    ])
  })

  test('counts every attempt to sign in', () => {
    const counted = endpoints.filter(({ rate }) => rate !== 'api' && rate !== 'none').map(nameOf)
    expect(counted.sort()).toEqual([
      'POST /accept-invitation/:token',
      'POST /auth/accept-invitation',
      'POST /auth/change-email',
      'POST /auth/change-password',
      'POST /auth/confirm',
      'POST /auth/forgot-password',
      'POST /auth/login',
      'POST /auth/refresh',
      'POST /auth/register',
      'POST /auth/request-verification',
      'POST /auth/reset-password',
      'POST /auth/second-factor/verify',
      'POST /auth/undo-email',
      'POST /auth/unlock',
      'POST /auth/verify-email',
      'POST /forgot-password',
      'POST /login',
      'POST /login/code',
      'POST /me/confirm',
      'POST /me/security/email',
      'POST /me/security/password',
      'POST /me/security/second-factor',
      'POST /me/security/verification',
      'POST /register',
      'POST /reset-password/:token',
      'POST /undo-email/:token',
      'POST /unlock/:token',
      'POST /verify-email/:token',
    ])
  })

  test.each([
    ['says nothing', [{ method: 'GET', path: '/new', access: {} }], /GET \/new does not say who can use it/],
    [
      'says why to nobody',
      [{ method: 'GET', path: '/new', access: { public: '' } }],
      /does not say who can use it/,
    ],
    [
      'stands there twice',
      [1, 2].map(() => ({ method: 'GET', path: '/new', access: { signedIn: true } })),
      /stands twice/,
    ],
  ])('does not mount what %s', (_, table, message) => {
    expect(() => mount(new Hono() as never, table as never, {} as never)).toThrow(message)
  })

  test('writes by no GET, and reads what it writes by a schema', () => {
    for (const { method, body, path } of endpoints) if (method === 'GET') expect(body, path).toBeUndefined()
    // a record that the path names, and a verb, need no more
    const without = endpoints.filter(
      ({ method, path, body, upload }) =>
        !body && !upload && !path.includes(':') && !['GET', 'DELETE'].includes(method),
    )
    expect(without.map(nameOf).sort()).toEqual([
      'POST /auth/logout',
      'POST /auth/recovery-codes',
      'POST /auth/request-verification',
      'POST /auth/second-factor',
      'POST /logout',
      'POST /me/detach',
      'POST /me/security/recovery-codes',
      'POST /me/security/verification',
      'POST /organizations/leave',
    ])
  })
})

describe('visitors', () => {
  const closed = named.filter(([, { access }]) => !('public' in access))
  test.each(closed)('%s sends them to sign in, or says 401', async (_, endpoint) => {
    for (const [what, answer] of await ask(null, endpoint, (path) => path.replace(/:\w+/g, owner.id))) {
      const page = what.endsWith('(page)')
      expect(answer.status, what).toBe(page && endpoint.method === 'GET' ? 303 : 401)
      // a form is kept on the page to sign in with
      if (page && answer.status === 401) expect(answer.text).toContain('action="/login"')
      if (answer.status === 303) expect(answer.headers.get('location')).toMatch(/^\/login(\?next=%2F|$)/)
      if (answer.status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
  })
})

describe('what belongs to another organization', async () => {
  await invite(foreigner)
  const foreign = {
    users: foreigner.id,
    sessions: await sessionOf(foreigner.token),
    organizations: foreigner.org.id,
    ...(await oneOfEach(foreigner.org.id)),
  }
  const odd = ['00000000-0000-7000-8000-000000000000', 'no-uuid', '%00', "1'--"]
  const own = ({ path }: Endpoint) =>
    (foreign as Record<string, string>)[path.split('/')[1] ?? ''] ?? foreign.users
  const withId = named.filter(([, { path }]) => path.includes(':'))
  const before = await rowsOf(foreigner.org.id)
  const roles = { owner, admin, member, viewer, colleague }

  test.each(withId)('%s: 404 or 403, for every role, and every id', async (_, endpoint) => {
    for (const [role, who] of Object.entries(roles)) {
      const held = (await permissionsOf(who)).map((code) => code.replace(/:\w+$/, ''))
      const { access } = endpoint
      const expected = 'can' in access && !held.includes(access.can) ? 403 : 404
      for (const id of role === 'owner' ? [...Object.values(foreign), ...odd] : [own(endpoint), 'no-uuid']) {
        for (const [what, answer] of await ask(who, endpoint, (path) => path.replace(/:\w+/g, id))) {
          expect(answer.status, `${what} as ${role}`).toBe(expected)
          expect(answer.text).not.toContain(foreigner.username)
        }
      }
    }
    expect(await rowsOf(foreigner.org.id)).toEqual(before)
  })

  test('is not named in a body either', async () => {
    const base = { username: 'new-one', email: 'new-one@example.com' }
    const role = [...foreigner.org.roles.values()][0] as string
    expect((await as(owner).post('/api/users', { ...base, role_ids: [role] })).status).toBe(422)
    const ended = await as(owner).delete('/api/sessions', { ids: [foreign.sessions] })
    expect(ended.json<{ ended: number }>().ended).toBe(0)
    const all = await as(owner).delete(`/api/sessions?user_id=${foreigner.id}`)
    expect(all.json<{ ended: number }>().ended).toBe(0)
    expect(await rowsOf(foreigner.org.id)).toEqual(before)
  })

  test.each([
    ['X-Organization', (id: string) => id],
    ['X-Org-Id', (id: string) => id],
    ['X-Tenant', (id: string) => id],
    ['Host', () => `${foreigner.org.slug}.localhost`],
  ])('is not entered by the header %s', async (header, value) => {
    const answer = await as(owner).get('/api/users', { [header]: value(foreigner.org.id) })
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain(foreigner.username)
    expect(answer.text).toContain(owner.username)
  })
})
