import { beforeAll, describe, expect, test } from 'vitest'
import {
  type OrganizationRecord,
  organizationRecord,
} from '#src/domains/organizations/organizations/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, trail } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeOrganization,
  makeUser,
  type Organization,
  platformOrganization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
let people: People
let platform: Organization
let superadmin: Person
/** Administers the platform's own people, and no organization. */
let staff: Person
/** Sees organizations from the platform, and changes none. */
let looker: Person

beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
  superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
  staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
  looker = await personWith(platform, ['organization:read:all'])
})

const bySlug = (slug: string) =>
  owner.selectFrom('organizations').where('slug', '=', slug).selectAll().executeTakeFirst()

const changes: [
  string,
  'api' | 'web',
  (by: Person, id: string, body: Record<string, string>) => Promise<Answer>,
][] = [
  ['as JSON', 'api', (by, id, body) => as(by).patch(api(paths.organization(id)), body)],
  ['as a form', 'web', (by, id, body) => browserOf(by).patch(paths.organization(id), body)],
]

describe.each(changes)('changing an organization (%s)', (_, via, change) => {
  const done = via === 'web' ? 303 : 200

  test('renames it from the platform, in both trails', async () => {
    const org = await makeOrganization()
    const slug = unique('renamed')
    const name = unique('Another')
    const answer = await change(superadmin, org.id, { name, slug })
    expect(answer.status, answer.text).toBe(done)
    expect(await bySlug(slug)).toMatchObject({ id: org.id, name, version: 2 })
    const line = {
      action: 'organization:update',
      target_id: org.id,
      actor_user_id: superadmin.id,
      actor_org_id: platform.id,
      via,
    }
    const after = { name, slug }
    expect(await recorded(superadmin, answer, via)).toMatchObject([
      { ...line, data: { after, before: { slug: org.slug } } },
    ])
    expect(await trail(org, { target: org.id })).toMatchObject([
      { ...line, ip: '192.0.2.7', data: { after } },
    ])
    // nothing new: nothing more in the trail
    await change(superadmin, org.id, { name })
    expect(await trail(org, { target: org.id })).toHaveLength(1)
    expect(await trail(platform, { target: org.id })).toHaveLength(1)
  })

  test('to the name of another, however it is written, is refused at the field', async () => {
    const name = unique('Łódź Straße')
    const [other, org] = [await makeOrganization(name), await makeOrganization()]
    const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    for (const by of [superadmin, chief]) {
      const answer = await change(by, org.id, {
        name: name.replace('Łódź Straße', 'LODZ STRASSE'),
        slug: org.slug,
      })
      expect(answer.status, answer.text).toBe(409)
      if (via === 'api')
        expect(answer.json()).toMatchObject({ errors: [{ path: 'name', message: 'is already in use' }] })
      else expect(answer.text).toContain('id="name-error">is already in use')
    }
    expect(await bySlug(other.slug)).toMatchObject({ name })
    expect((await change(chief, org.id, { name: `${name} two`, slug: org.slug })).status).toBe(done)
  })

  test('lets an owner rename their own, and nothing else of it', async () => {
    const org = await makeOrganization()
    const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const name = unique('Ours')
    const answer = await change(chief, org.id, { name, slug: org.slug })
    expect(answer.status, answer.text).toBe(done)
    expect(await recorded(chief, answer, via)).toMatchObject([
      { action: 'organization:update', target_id: org.id, data: { after: { name } } },
    ])
    await denied(chief, 'organization:update', () => change(chief, org.id, { slug: unique('own') }))
    await denied(chief, 'organization:update', () =>
      change(chief, org.id, { name: 'Theirs', status: 'suspended' }),
    )
    expect(await bySlug(org.slug)).toMatchObject({ name, status: 'active' })
  })

  test('is refused without the permission, and hidden from others', async () => {
    const before = await rowsOf(people.org.id, ['events'])
    await denied(people.colleague, 'organization:update', () =>
      change(people.colleague, people.org.id, { name: 'x' }),
    )
    await denied(staff, 'organization:update', () => change(staff, people.org.id, { name: 'x' }))
    await denied(looker, 'organization:update', () => change(looker, people.org.id, { name: 'x' }))
    await hidden(people.foreigner, () => change(people.foreigner, people.org.id, { name: 'x' }))
    await hidden(superadmin, () => change(superadmin, people.owner.id, { name: 'x' }))
    expect(await rowsOf(people.org.id, ['events'])).toEqual(before)
  })

  test('names the field of a short name that is taken', async () => {
    const org = await makeOrganization()
    const answer = await change(superadmin, org.id, { slug: people.org.slug })
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('is already in use')
    expect(await bySlug(org.slug)).toMatchObject({ id: org.id })
  })

  test('keeps the platform organization active', async () => {
    const answer = await change(superadmin, platform.id, { status: 'suspended' })
    expect(answer.status).toBe(409)
    expect(
      await owner.selectFrom('organizations').where('id', '=', platform.id).select('status').execute(),
    ).toEqual([{ status: 'active' }])
  })
})

test('a version that is old is a 412 with the row as it stands', async () => {
  const org = await makeOrganization()
  const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  for (const who of [superadmin, chief]) {
    const path = api(paths.organization(org.id))
    const etag = (await as(who).get(path)).headers.get('etag') as string
    expect((await as(who).patch(path, { name: unique('first') }, { 'If-Match': etag })).status).toBe(200)
    const late = await as(who).patch(path, { name: 'second' }, { 'If-Match': etag })
    expect(late.status).toBe(412)
    expect(organizationRecord.parse(late.json().current).name).toMatch(/^first/)
    const form = await browserOf(who).patch(paths.organization(org.id), {
      name: 'second',
      version: etag.slice(1, etag.indexOf('-')),
    })
    expect([form.status, /You changed this <time/.test(form.text)]).toEqual([412, true])
  }
})

test('settings are an object, kept as they were sent', async () => {
  const org = await makeOrganization()
  const path = api(paths.organization(org.id))
  const settings = { theme: 'dark', limits: { people: 5 } }
  expect((await as(superadmin).patch(path, { settings })).json<OrganizationRecord>().settings).toEqual(
    settings,
  )
  expect((await as(superadmin).patch(path, { settings: 'dark' })).status).toBe(422)
  expect((await as(superadmin).get(path)).json<OrganizationRecord>().settings).toEqual(settings)
})

describe('suspending', () => {
  test('puts its people out at once, lets nobody sign in, and is taken back', async () => {
    const org = await makeOrganization()
    const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const status = async () => (await as(chief).get(api(paths.auth.me))).status
    expect(await status()).toBe(200)
    const page = await browserOf(superadmin).patch(paths.organization(org.id), { status: 'suspended' })
    expect(page.status).toBe(303)
    await expect.poll(status, { timeout: 1000 }).toBe(401)
    const signIn = () =>
      anonymous().post(api(paths.auth.login), { username: chief.username, password: 'Correct-Horse-7' })
    expect((await signIn()).status).toBe(401)
    expect((await browserOf(superadmin).get(paths.organization(org.id))).text).toContain('Suspended')
    expect((await as(superadmin).patch(api(paths.organization(org.id)), { status: 'active' })).status).toBe(
      200,
    )
    await expect.poll(status, { timeout: 1000 }).toBe(200)
    expect((await signIn()).status).toBe(200)
  })
})
