import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { organizationRecord } from '#src/domains/organizations/organizations/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
import type { BulkAnswer } from '#src/resource/bulk/outcome.ts'
import { entered } from '#tests/access/entering.ts'
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
const { bulk, bulkPreview } = pathsOf(paths.organizations)
const NOBODY = '00000000-0000-7000-8000-000000000000'

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

const statusOf = async ({ id }: { id: string }) =>
  (await owner.selectFrom('organizations').where('id', '=', id).select('status').executeTakeFirstOrThrow())
    .status

const ways: [string, 'api' | 'web', (by: Person, id: string) => Promise<Answer>][] = [
  ['as JSON', 'api', (by, id) => as(by).patch(api(paths.toggleOrganization(id)))],
  ['as a form', 'web', (by, id) => browserOf(by).patch(paths.toggleOrganization(id))],
]

describe.each(ways)('suspending in one step (%s)', (_, via, toggle) => {
  test('and letting work again stand in both trails', async () => {
    const org = await makeOrganization()
    for (const [before, after] of [
      ['active', 'suspended'],
      ['suspended', 'active'],
    ]) {
      const answer = await toggle(superadmin, org.id)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
      if (via === 'api') expect(organizationRecord.parse(answer.json())).toMatchObject({ status: after })
      else expect(answer.headers.get('location')).toBe(paths.organization(org.id))
      expect(await statusOf(org)).toBe(after)
      const line = {
        action: 'organization:update',
        target_id: org.id,
        data: { before: { status: before }, after: { status: after } },
      }
      expect(await recorded(superadmin, answer, via)).toMatchObject([line])
      const theirs = await trail(org, { request: answer.headers.get('x-request-id') as string })
      expect(theirs.map(({ data }) => data)).toEqual([line.data])
      expect(theirs).toMatchObject([
        { ...line, actor_org_id: platform.id, actor_user_id: superadmin.id, via },
      ])
    }
  })

  test('is for the platform alone: refused where the organization is seen, hidden where it is not', async () => {
    const before = await rowsOf(people.org.id, ['events'])
    for (const who of [people.owner, people.colleague, staff, looker])
      await denied(who, 'organization:update', () => toggle(who, people.org.id))
    for (const id of [people.org.id, platform.id, NOBODY])
      await hidden(people.foreigner, () => toggle(people.foreigner, id), people.org)
    await hidden(superadmin, () => toggle(superadmin, NOBODY))
    expect(await rowsOf(people.org.id, ['events'])).toEqual(before)
  })

  test('is not for the platform itself', async () => {
    const before = await rowsOf(platform.id, ['sessions'])
    expect((await toggle(superadmin, platform.id)).status).toBe(409)
    expect(await rowsOf(platform.id, ['sessions'])).toEqual(before)
  })
})

test('suspending in one step looks at the version that was seen', async () => {
  const org = await makeOrganization()
  const path = api(paths.toggleOrganization(org.id))
  expect((await as(superadmin).patch(path, undefined, { 'If-Match': '"1"' })).status).toBe(200)
  const late = await as(superadmin).patch(path, undefined, { 'If-Match': '"1"' })
  expect([late.status, organizationRecord.parse(late.json().current).status]).toEqual([412, 'suspended'])
  expect(await statusOf(org)).toBe('suspended')
})

test('suspending in one step waits for whoever changes the organization, and goes by what is then', async () => {
  const org = await makeOrganization()
  const toggled = await owner.transaction().execute(async (tx) => {
    await tx.updateTable('organizations').set({ status: 'suspended' }).where('id', '=', org.id).execute()
    const answer = as(superadmin).patch(api(paths.toggleOrganization(org.id)))
    const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await waiting.execute(owner)).rows.length, { interval: 5 }).toBe(1)
    return { answer }
  })
  expect((await toggled.answer).status).toBe(200)
  expect(await statusOf(org)).toBe('active')
})

test('whoever entered an organization can’t suspend it from there', async () => {
  const org = await makeOrganization()
  const visitor = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
  await entered(visitor, org)
  expect((await as(visitor).patch(api(paths.toggleOrganization(org.id)))).status).toBe(403)
  const many = await as(visitor).post(api(bulk), { action: 'suspend', ids: [org.id] })
  expect(many.json<BulkAnswer>()).toMatchObject({ done: 0, refused: 1 })
  expect(await statusOf(org)).toBe('active')
})

describe('many at once', () => {
  const act = (by: Person, body: object) => as(by).post(api(bulk), body)
  const agreed = async (by: Person, body: object) => {
    const { count, hash } = (await as(by).post(api(bulkPreview), body)).json<{
      count: number
      hash: string
    }>()
    return act(by, { ...body, count, hash })
  }

  test('are suspended and let work again, each with its answer and its lines in both trails', async () => {
    const [one, two] = [await makeOrganization(), await makeOrganization()]
    const ids = [one.id, two.id, platform.id, NOBODY]
    for (const [action, status] of [
      ['suspend', 'suspended'],
      ['activate', 'active'],
    ] as const) {
      const answer = await act(superadmin, { action, ids })
      expect(conforms('POST', bulk, answer)).toEqual([])
      const { done, unchanged, refused, results } = answer.json<BulkAnswer>()
      expect([done, unchanged, refused]).toEqual(action === 'suspend' ? [2, 0, 2] : [2, 1, 1])
      const of = (id: string) => results.find((result) => result.id === id)
      expect([of(one.id), of(two.id)].map((result) => result?.status)).toEqual(['done', 'done'])
      expect(of(NOBODY)).toMatchObject({ status: 'refused' })
      if (action === 'suspend')
        expect(of(platform.id)?.reason).toContain('of the platform organization can’t be changed')
      const lines = await recorded(superadmin, answer, 'api')
      expect(lines.map(({ action, target_id }) => [action, target_id]).sort()).toEqual(
        [one, two].map(({ id }) => ['organization:update', id]).sort(),
      )
      for (const org of [one, two]) {
        expect(await statusOf(org)).toBe(status)
        expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toMatchObject([
          { actor_user_id: superadmin.id, data: { after: { status } } },
        ])
      }
    }
    expect(await statusOf(platform)).toBe('active')
  })

  test('are refused one by one to an owner, who learns nothing of others', async () => {
    const before = await rowsOf(people.foreigner.org.id)
    const answer = await act(people.owner, {
      action: 'suspend',
      ids: [people.org.id, people.foreigner.org.id, platform.id, NOBODY],
    })
    const { done, results } = answer.json<BulkAnswer>()
    expect(done).toBe(0)
    const reasons = new Map(results.map(({ id, reason }) => [id, reason]))
    expect(reasons.get(people.org.id)).toContain('Only the platform')
    expect(new Set([people.foreigner.org.id, platform.id].map((id) => reasons.get(id)))).toEqual(
      new Set([reasons.get(NOBODY)]),
    )
    expect(await recorded(people.owner, answer, 'api')).toMatchObject([
      { action: 'access:denied', target_id: people.org.id, data: { wanted: 'organization:update' } },
    ])
    expect(await statusOf(people.org)).toBe('active')
    expect(await rowsOf(people.foreigner.org.id)).toEqual(before)
  })

  test('are refused without the permission', async () => {
    for (const who of [people.colleague, staff, looker])
      await denied(who, 'organization:update', () => act(who, { action: 'suspend', ids: [people.org.id] }))
    expect(await statusOf(people.org)).toBe('active')
  })

  test('are what a list matches', async () => {
    const mark = unique('bulk').replace('-', '')
    const orgs = [await makeOrganization(`${mark} one`), await makeOrganization(`${mark} two`)]
    const before = await statusOf(people.foreigner.org)
    const answer = await agreed(superadmin, { action: 'suspend', matching: `q=${mark}&status=active` })
    expect(answer.json<BulkAnswer>()).toMatchObject({ done: 2, refused: 0 })
    for (const org of orgs) expect(await statusOf(org)).toBe('suspended')
    expect(await statusOf(people.foreigner.org)).toBe(before)
    expect((await act(superadmin, { action: 'suspend', matching: 'surprise=1' })).status).toBe(422)
    const own = await agreed(people.owner, { action: 'suspend', all: true })
    expect(own.json<BulkAnswer>().results.map(({ id }) => id)).toEqual([people.org.id])
    expect(await statusOf(people.org)).toBe('active')
  })

  test('take a word that is known, and at least one of them', async () => {
    for (const body of [{ action: 'delete', ids: [people.org.id] }, { action: 'suspend', ids: [] }, {}])
      expect((await act(superadmin, body)).status).toBe(422)
  })

  test('are chosen on the list page by whoever may, and what was refused is named', async () => {
    const org = await makeOrganization()
    const browser = browserOf(superadmin)
    const page = await browser.get(`${paths.organizations}?q=${org.slug}`)
    expect(page.text).toContain(`name="ids" value="${org.id}"`)
    for (const action of ['suspend', 'activate'])
      expect(page.text).toContain(`name="action" value="${action}"`)
    for (const who of [looker, people.owner])
      expect((await browserOf(who).get(paths.organizations)).text).not.toContain('name="ids"')

    expect((await browser.post(bulk, { action: 'suspend', ids: [org.id] })).status).toBe(303)
    expect(await statusOf(org)).toBe('suspended')
    const mixed = await browser.post(bulk, { action: 'suspend', ids: [org.id, platform.id] })
    expect(mixed.status).toBe(200)
    expect(mixed.text).toContain(`href="${paths.organization(platform.id)}"`)
    expect(mixed.text).toContain('of the platform organization can’t be changed')
  })
})
