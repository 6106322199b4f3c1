import { beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import type { Happening } from '#src/resource/history/query.ts'
import { placesOf } from '#src/resource/places.ts'
import { enter, makeSuperadmin, REASON } from '#tests/access/entering.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import {
  makeOrganization,
  makeUser,
  type Organization,
  platformOrganization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { conforms } from '#tests/http/conformance.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const history = placesOf(paths.organizations).history
const api = (path: string) => `/api/v1${path}`

let people: People
let platform: Organization
let superadmin: Person
let staff: Person

beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
  superadmin = await makeSuperadmin()
  staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
})

type Told = { data: Happening[]; next: string | null }
async function told(by: Person, { id }: { id: string }, query = ''): Promise<Told> {
  const answer = await as(by).get(api(history(id)) + query)
  expect(conforms('GET', history(id), answer)).toEqual([])
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Told>()
}

/** An organization that its owner renamed, that the platform suspended and let work again, and somebody visited. */
async function eventful() {
  const org = await makeOrganization(unique('Before'))
  const chief = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: unique('Chief') })
  expect((await as(chief).patch(api(paths.organization(org.id)), { name: unique('After') })).status).toBe(200)
  for (const _ of [1, 2]) await as(superadmin).patch(api(paths.toggleOrganization(org.id)))
  const visitor = await makeSuperadmin()
  expect((await enter(visitor, org.id)).status).toBe(204)
  return { org, chief, visitor }
}

describe('the history of an organization', () => {
  test('tells the platform who of its people did what, and of others that it was somebody', async () => {
    const { org, chief, visitor } = await eventful()
    const { data, next } = await told(superadmin, org)
    expect(next).toBeNull()
    expect(data.map(({ action, changes }) => [action, ...changes])).toEqual([
      ['organization:enter'],
      ['organization:update', { field: 'status', from: 'suspended', to: 'active' }],
      ['organization:update', { field: 'status', from: 'active', to: 'suspended' }],
      [
        'organization:update',
        { field: 'name', from: expect.stringMatching(/^Before/), to: expect.stringMatching(/^After/) },
      ],
    ])
    expect(data.map(({ actor }) => actor)).toEqual([
      { id: visitor.id, name: visitor.username },
      { id: superadmin.id, name: superadmin.username },
      { id: superadmin.id, name: superadmin.username },
      { id: null },
    ])
    expect(data[0]).toMatchObject({ reason: REASON, via: 'api' })
    const { text } = await as(superadmin).get(api(history(org.id)))
    for (const secret of [chief.id, chief.username]) expect(text).not.toContain(secret)
  })

  test('tells its owner of their own people, and of those who came from the platform', async () => {
    const { org, chief, visitor } = await eventful()
    const { data } = await told(chief, org)
    const { first_name } = await owner
      .selectFrom('users')
      .where('id', '=', chief.id)
      .select('first_name')
      .executeTakeFirstOrThrow()
    expect(data.map(({ actor }) => actor)).toEqual([
      { id: visitor.id, name: `${visitor.username} (platform)` },
      { id: superadmin.id },
      { id: superadmin.id },
      { id: chief.id, name: first_name },
    ])
  })

  test('names only whom the reader may see', async () => {
    const { org } = await eventful()
    const looker = await personWith(platform, ['organization:read:all'])
    const { data } = await told(looker, org)
    expect(data.map(({ actor }) => actor?.name)).toEqual(data.map(() => undefined))
    expect(data.map(({ changes }) => changes.length)).toEqual([0, 1, 1, 1])
  })

  test('holds what happened to the organization alone, and nothing of any other', async () => {
    const { org, chief } = await eventful()
    const username = unique('new')
    await as(chief).post(api(paths.users), { username, email: `${username}@example.com` })
    const about = async (by: Person) => (await told(by, org)).data.map(({ action }) => action)
    expect(new Set((await about(superadmin)).map((action) => action.split(':')[0]))).toEqual(
      new Set(['organization']),
    )
    expect(await about(chief)).toEqual(await about(superadmin))
    // the platform's own trail has a copy of what it did elsewhere: that is no history of the platform
    const renamed = unique('Platform')
    expect((await as(superadmin).patch(api(paths.organization(platform.id)), { name: renamed })).status).toBe(
      200,
    )
    const own = await told(superadmin, platform)
    expect(own.data[0]).toMatchObject({ actor: { id: superadmin.id }, changes: [{ to: renamed }] })
    const elsewhere = await owner
      .selectFrom('events')
      .where('org_id', '=', platform.id)
      .where('target_id', '=', org.id)
      .select('id')
      .execute()
    expect(elsewhere.length).toBeGreaterThan(2)
    const ids = own.data.map(({ id }) => id)
    for (const { id } of elsewhere) expect(ids).not.toContain(id)
  })

  test('is for whoever reads the organization', async () => {
    await told(people.owner, people.org)
    const reader = await personWith(people.org, ['organization:read:all'])
    await told(reader, people.org)
    const read = (by: Person, id: string) => as(by).get(api(history(id)))
    for (const who of [people.colleague, people.admin, staff])
      await denied(who, 'organization:read', () => read(who, people.org.id))
    for (const id of [people.org.id, platform.id])
      await hidden(people.foreigner, () => read(people.foreigner, id), people.org)
    await hidden(superadmin, () => read(superadmin, '00000000-0000-7000-8000-000000000000'))
    expect((await as(superadmin).get(`${api(history(people.org.id))}?before=x`)).status).toBe(400)
  })

  test('comes in pages of fifty, without a gap', async () => {
    const org = await makeOrganization()
    for (let i = 1; i <= 53; i++)
      await owner
        .updateTable('organizations')
        .set({ name: `Name ${i}` })
        .where('id', '=', org.id)
        .execute()
    const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    for (const who of [superadmin, chief]) {
      const first = await told(who, org)
      expect(first.data).toHaveLength(50)
      expect(first.data[0]).toMatchObject({ actor: null, via: 'sql' })
      const rest = await told(who, org, `?before=${first.next}`)
      const names = [...first.data, ...rest.data].map(({ changes }) => changes[0]?.to)
      expect(names).toEqual(Array.from({ length: 53 }, (_, i) => `Name ${53 - i}`))
      expect(rest.next).toBeNull()
      const page = await browserOf(who).get(history(org.id))
      expect(page.text).toContain(`href="${history(org.id)}?before=${first.next}"`)
    }
  })

  test('is a tab of its page, which says why one sees it', async () => {
    const { org, chief } = await eventful()
    for (const who of [superadmin, chief]) {
      const page = await browserOf(who).get(paths.organization(org.id))
      expect(page.text).toContain(`href="${history(org.id)}"`)
      const [, why = ''] = /class="why" href="([^"]+)"/.exec(page.text) ?? []
      const explained = await browserOf(who).get(why.replaceAll('&amp;', '&'))
      expect(explained.status).toBe(200)
      const tab = await browserOf(who).get(history(org.id))
      expect(tab.text).toContain('Entered')
      expect(tab.text).toContain(REASON)
      expect(tab.text).toMatch(/<del>.*Before.*After/s)
    }
  })
})
