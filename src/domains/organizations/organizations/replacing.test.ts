import { beforeAll, describe, expect, test } from 'vitest'
import { organizationRecord } from '#src/domains/organizations/organizations/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, trail } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
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
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let people: People
let platform: Organization
let superadmin: Person
let staff: Person
let looker: Person

beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
  superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
  staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
  looker = await personWith(platform, ['organization:read:all'])
})

type Whole = { name: string; slug: string; status: string }
const ways: [string, 'api' | 'web', (by: Person, id: string, body: Whole) => Promise<Answer>][] = [
  ['as JSON', 'api', (by, id, body) => as(by).put(api(paths.organization(id)), body)],
  ['as a form', 'web', (by, id, body) => browserOf(by).put(paths.organization(id), body)],
]
const byId = (id: string) =>
  owner.selectFrom('organizations').where('id', '=', id).selectAll().executeTakeFirstOrThrow()

describe.each(ways)('replacing an organization (%s)', (_, via, replace) => {
  test('changes all that is said, in both trails, and keeps the settings that are not', async () => {
    const org = await makeOrganization()
    const settings = { theme: 'dark' }
    await as(superadmin).patch(api(paths.organization(org.id)), { settings })
    const after = { name: unique('Another'), slug: unique('replaced'), status: 'suspended' }
    const answer = await replace(superadmin, org.id, after)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    if (via === 'api') expect(organizationRecord.parse(answer.json())).toMatchObject({ ...after, settings })
    expect(await byId(org.id)).toMatchObject({ ...after, settings })
    const line = { action: 'organization:update', target_id: org.id, data: { after } }
    expect(await recorded(superadmin, answer, via)).toMatchObject([line])
    expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toMatchObject([
      { ...line, actor_org_id: platform.id, actor_user_id: superadmin.id },
    ])
  })

  test('lets an owner rename their own, and nothing else of it', async () => {
    const org = await makeOrganization()
    const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const name = unique('Ours')
    const same = { name, slug: org.slug, status: 'active' }
    const answer = await replace(chief, org.id, same)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    expect(await recorded(chief, answer, via)).toMatchObject([{ data: { after: { name } } }])
    for (const change of [{ slug: unique('own') }, { status: 'suspended' }])
      await denied(chief, 'organization:update', () => replace(chief, org.id, { ...same, ...change }))
    expect(await byId(org.id)).toMatchObject(same)
  })

  test('is refused without the permission, and hidden from others', async () => {
    const before = await rowsOf(people.org.id, ['events'])
    const body = { name: 'x', slug: people.org.slug, status: 'active' }
    for (const who of [people.colleague, staff, looker])
      await denied(who, 'organization:update', () => replace(who, people.org.id, body))
    for (const id of [people.org.id, platform.id])
      await hidden(people.foreigner, () => replace(people.foreigner, id, body), people.org)
    await hidden(superadmin, () => replace(superadmin, people.owner.id, body))
    expect(await rowsOf(people.org.id, ['events'])).toEqual(before)
  })
})

test('a whole organization has a name, a short name and a status', async () => {
  const whole = { name: 'x', slug: people.org.slug, status: 'active' }
  for (const missing of Object.keys(whole)) {
    const answer = await as(superadmin).put(api(paths.organization(people.org.id)), {
      ...whole,
      [missing]: undefined,
    })
    expect(answer.status).toBe(422)
    expect(answer.json().errors?.map(({ path }) => path)).toEqual([missing])
    expect(conforms('PUT', paths.organization(people.org.id), answer)).toEqual([])
  }
})
