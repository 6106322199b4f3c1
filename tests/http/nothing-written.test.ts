import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as, browserOf, type Program, visitor } from '#tests/client.ts'
import { makeUser, platformOrganization, roleOf, sessionOf } from '#tests/factories.ts'
import { firstOf, passing } from '#tests/http/passing.ts'
import { invite, invitedBy } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner: past } = await testDatabase()
const people = await makePeople()
const { owner, member, colleague, foreigner } = people
const platform = await platformOrganization()
const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
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

test('every refusal leaves the data as it was, and stands in the trail', async () => {
  const without = ['events']
  const before = await rowsOf(people.org.id, without)
  const denied = async () =>
    (
      await past
        .selectFrom('events')
        .select('id')
        .where('org_id', '=', people.org.id)
        .where('action', '=', 'access:denied')
        .execute()
    ).length
  const already = await denied()
  let refused = 0
  for (const endpoint of endpoints.filter(({ access }) => 'can' in access)) {
    for (const [, answer] of await ask(colleague, endpoint, (path) => path.replace(/:\w+/g, owner.id))) {
      expect(answer.status).toBe(403)
      refused++
      expect(answer.text).not.toMatch(/\w+:(read|create|update|delete)/)
    }
  }
  expect(refused).toBeGreaterThan(30)
  expect(await denied()).toBe(already + refused)
  expect(await rowsOf(people.org.id, without)).toEqual(before)
})

describe('a GET writes nothing', async () => {
  await withKey(owner, ['user:read:own'])
  const { rows: walls } = await sql<{ n: string }>`select count(*) as n from accounts`.execute(past)
  const everything = async () => {
    const { rows } = await sql<{ line: string }>`
      select 'a' || xmin || t::text as line from accounts t union all select 'u' || xmin || t::text from unknown_logins t
      union all select 's' || xmin || t::text from security_events t union all select 'r' || xmin || t::text from rate_limits t
      union all select 't' || xmin || t::text from account_tokens t union all select 'd' || xmin || t::text from known_devices t
      union all select 'f' || xmin || t::text from totp_credentials t union all select 'c' || xmin || t::text from recovery_codes t
      union all select 'p' || xmin || t::text from pending_sign_ins t
      union all select 'm' || xmin || t::text from mails t order by line`.execute(past)
    return [
      ...rows.map(({ line }) => line),
      ...(await rowsOf(people.org.id)),
      ...(await rowsOf(foreigner.org.id)),
      ...(await rowsOf(platform.id)),
    ]
  }
  const session = await sessionOf(owner.token)
  const invitation = await invite(owner)
  const uploadFor = async ({ path }: Endpoint) => {
    const upload = { org_id: owner.org.id, user_id: owner.id, name: 'a.csv', content: Buffer.from('a\nb\n') }
    const [place = ''] = path.split('/imports/')
    const made = past
      .insertInto('imports')
      .values({ ...upload, path: place })
      .returning('id')
    return (await made.executeTakeFirstOrThrow()).id
  }

  test.each(named.filter(([, { method }]) => method === 'GET'))('%s', async (_, endpoint) => {
    expect(Number(walls[0]?.n)).toBeGreaterThan(5)
    const ids = {
      imports: await uploadFor(endpoint),
      '/invitations/:': invitation.id,
      session,
      organizations: owner.org.id,
      'by-resource': 'user',
    }
    const listed = endpoint.path.includes(':') ? await firstOf(owner, endpoint.path) : null
    const [, purpose] = /^\/([a-z-]+)\/:token$/.exec(endpoint.path) ?? []
    const token =
      purpose === 'accept-invitation'
        ? (await invitedBy(owner)).token
        : purpose && (await linkFor(owner, purpose.replace('-', '_') as 'unlock'))
    const before = await everything()
    const id =
      token ?? Object.entries(ids).find(([name]) => endpoint.path.includes(name))?.[1] ?? listed ?? member.id
    const who = endpoint.path === '/organizations/new' ? superadmin : owner
    for (const [what, answer] of await ask(who, endpoint, (path) => path.replace(/:\w+/g, id))) {
      const leads = ['/login', '/login/code', '/register', '/redoc'].includes(endpoint.path)
      // only there for who develops
      const hidden = endpoint.path.startsWith('/dev/')
      expect(leads ? 303 : hidden ? 404 : 200, what).toBe(answer.status)
    }
    expect(await everything()).toEqual(before)
  })
})
