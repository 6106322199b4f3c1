import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type OrganizationRecord,
  organizationRecord,
  slugOf,
} from '#src/domains/organizations/organizations/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
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
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

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

const list = async (by: Person, query = '') =>
  (
    await as(by).get(api(`${paths.organizations}?${query.includes('limit=') ? '' : 'limit=200&'}${query}`))
  ).json<{
    data: OrganizationRecord[]
    page: { next: string | null; previous: string | null; total: number }
  }>()
const names = async (by: Person, query = '') => (await list(by, query)).data.map(({ name }) => name)
const read = (by: Person, id: string) => as(by).get(api(paths.organization(id)))

describe('the list', () => {
  test('holds every organization for the platform, and the own one for its owner', async () => {
    const all = await list(superadmin, 'sort=-created_at')
    for (const record of all.data) organizationRecord.parse(record)
    const newest = all.data.map(({ id }) => id)
    expect(newest).toEqual(expect.arrayContaining([people.org.id, people.foreigner.org.id]))
    expect((await list(superadmin, 'sort=created_at')).data.map(({ id }) => id)).toContain(platform.id)
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from organizations`.execute(owner)
    expect(all.page.total).toBe(Math.min(rows[0]?.n ?? 0, 10_000))
    const own = await list(people.owner)
    expect(own.data.map(({ id }) => id)).toEqual([people.org.id])
    organizationRecord.parse(own.data[0])
    const present = await owner
      .selectFrom('users')
      .where('org_id', '=', people.org.id)
      .where('deleted_at', 'is', null)
      .select('id')
      .execute()
    expect(own.data[0]?.users).toBe(present.length)
    expect(all.data.find(({ id }) => id === people.org.id)).toEqual(own.data[0])
  })

  test('is for nobody without the permission', async () => {
    for (const who of [staff, people.admin, people.colleague])
      await denied(who, 'organization:read', () => as(who).get(api(paths.organizations)))
  })

  test('is found by words of the name, by what they begin with, and by the short name', async () => {
    const mark = unique('zzq').replace('-', '')
    const one = await makeOrganization(`Ål & Sild ${mark} (Nord)`)
    const two = await makeOrganization(`${mark} Süd-Lager`)
    const found = async (q: string, by = superadmin) => (await names(by, `q=${encodeURIComponent(q)}`)).sort()
    expect(await found(mark.slice(0, -1))).toEqual([`${mark} Süd-Lager`, `Ål & Sild ${mark} (Nord)`].sort())
    expect(await found(`al ${mark}`)).toEqual([`Ål & Sild ${mark} (Nord)`])
    expect(await found(`nord ${mark.toUpperCase()}`)).toEqual([`Ål & Sild ${mark} (Nord)`])
    expect(await found(`lag ${mark}`)).toEqual([`${mark} Süd-Lager`])
    expect(await found(`ager ${mark}`)).toEqual([])
    await makeOrganization(`ØST Žilina 株式会社 ${mark}`)
    for (const word of ['aal', 'ål', 'AA'])
      expect(await found(`${word} sild ${mark}`), word).toEqual([`Ål & Sild ${mark} (Nord)`])
    expect(await found(`sued ${mark}`)).toEqual([`${mark} Süd-Lager`])
    for (const word of ['øst', 'Øs', 'oest', 'zilina', '株式'])
      expect(await found(`${word} ${mark}`), word).toEqual([`ØST Žilina 株式会社 ${mark}`])
    expect(await found(one.slug)).toEqual([`Ål & Sild ${mark} (Nord)`])
    expect(await found(`%_${mark}`)).toHaveLength(3)
    const theirs = await makeUser(two, { roles: [roleOf(two, 'owner')] })
    expect([await found(`lager`, theirs), await found('nothing', theirs)]).toEqual([
      [`${mark} Süd-Lager`],
      [],
    ])
  })

  test('is sorted and paged by name and by age, there and back again', async () => {
    const mark = unique('page').replace('-', '')
    for (const name of ['Charlie', 'alpha', 'Bravo', 'Älphas', 'delta'])
      await makeOrganization(`${name} ${mark}`)
    const all = await names(superadmin, `q=${mark}`)
    expect(all.map((name) => name.split(' ')[0])).toEqual(
      expect.arrayContaining(['alpha', 'Älphas', 'Bravo', 'Charlie', 'delta']),
    )
    expect(all.slice(2).map((name) => name.split(' ')[0])).toEqual(['Bravo', 'Charlie', 'delta'])
    for (const sort of ['name', '-name', 'created_at', '-created_at']) {
      const expected = await names(superadmin, `q=${mark}&sort=${sort}`)
      const page = (at: string) => list(superadmin, `q=${mark}&sort=${sort}&limit=2&${at}`)
      const walked: string[] = []
      let here = await page('')
      for (let step = 0; step < 5; step++) {
        walked.push(...here.data.map(({ name }) => name))
        expect(here.page.total).toBe(5)
        if (!here.page.next) break
        here = await page(`after=${here.page.next}`)
      }
      expect(walked).toEqual(expected)
      const back = await page(`before=${here.page.previous}`)
      expect(back.data.map(({ name }) => name)).toEqual(expected.slice(2, 4))
    }
    const beyond = await list(superadmin, `q=${mark}&offset=50`)
    expect([beyond.data, beyond.page.total]).toEqual([[], 5])
  })

  test('is filtered by status, and refuses what it does not know', async () => {
    const mark = unique('state').replace('-', '')
    const org = await makeOrganization(`${mark} one`)
    await makeOrganization(`${mark} two`)
    await as(superadmin).patch(api(paths.organization(org.id)), { status: 'suspended' })
    expect(await names(superadmin, `q=${mark}&status=suspended`)).toEqual([`${mark} one`])
    expect(await names(superadmin, `q=${mark}&status=active`)).toEqual([`${mark} two`])
    expect(await names(superadmin, `q=${mark}&status=active,suspended`)).toHaveLength(2)
    expect((await as(superadmin).get(api(`${paths.organizations}?sort=slug`))).status).toBe(400)
  })

  test('is a page with a way to each, and to a new one for the platform alone', async () => {
    const page = await browserOf(superadmin).get(paths.organizations)
    expect(page.text).toContain(pathsOf(paths.organizations).new)
    expect((await browserOf(looker).get(paths.organizations)).text).not.toContain(
      pathsOf(paths.organizations).new,
    )
    const own = await browserOf(people.owner).get(paths.organizations)
    expect(own.text).toContain(paths.organization(people.org.id))
    expect(own.text).not.toContain(pathsOf(paths.organizations).new)
  })

  test('stands in the sidebar of the platform alone', async () => {
    const link = `href="${paths.organizations}"`
    expect((await browserOf(superadmin).get(paths.home)).text).toContain(link)
    for (const who of [people.owner, staff])
      expect((await browserOf(who).get(paths.home)).text).not.toContain(link)
  })
})

describe('one organization', () => {
  test('is read by the platform and by its owner, and hidden from every other', async () => {
    for (const who of [superadmin, looker, people.owner]) {
      const answer = await read(who, people.org.id)
      expect(answer.status).toBe(200)
      expect(organizationRecord.parse(answer.json())).toMatchObject({
        id: people.org.id,
        slug: people.org.slug,
      })
    }
    await hidden(people.foreigner, () => read(people.foreigner, people.org.id))
    await hidden(people.owner, () => read(people.owner, platform.id))
    await denied(people.colleague, 'organization:read', () => read(people.colleague, people.org.id))
    await denied(staff, 'organization:read', () => read(staff, people.org.id))
    await hidden(superadmin, () => read(superadmin, '00000000-0000-7000-8000-000000000000'))
  })
})

test('short names are made from names', () => {
  expect(['Šumava Kühlhaus & Co.', '  --A  b--', '株式会社', `${'x'.repeat(62)} y`].map(slugOf)).toEqual([
    'sumava-kuhlhaus-co',
    'a-b',
    '',
    'x'.repeat(62),
  ])
})
