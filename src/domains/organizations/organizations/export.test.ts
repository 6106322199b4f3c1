import { parse } from 'csv-parse/sync'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import type { OrganizationRecord } from '#src/domains/organizations/organizations/model.ts'
import { paths } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeOrganization,
  makeUser,
  type Organization,
  platformOrganization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const list = `/api/v1${paths.organizations}`

let people: People
let platform: Organization
let superadmin: Person

beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
  superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
})

async function exported(by: Person, query = ''): Promise<Record<string, string>[]> {
  const answer = await as(by).get(`${list}?${query}`, { Accept: 'text/csv' })
  expect(answer.status, answer.text).toBe(200)
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="organizations.csv"')
  return parse(answer.text, { columns: true })
}

describe('organizations as a file', () => {
  test('are the rows of the list, in its order, without their settings', async () => {
    const mark = unique('csv').replace('-', '')
    for (const name of ['Beta', '=Alpha', 'Gamma']) await makeOrganization(`${name} ${mark}`)
    const { data } = (await as(superadmin).get(`${list}?q=${mark}&sort=-name`)).json<{
      data: OrganizationRecord[]
    }>()
    const rows = await exported(superadmin, `q=${mark}&sort=-name`)
    expect(rows).toEqual(
      data.map(({ settings: _, version: __, ...record }) => ({
        ...Object.fromEntries(Object.entries(record).map(([name, value]) => [name, String(value)])),
        name: record.name.replace(/^=/, `'=`),
      })),
    )
    expect(rows.map(({ name }) => name?.slice(0, 2))).toEqual(['Ga', 'Be', "'="])
    expect(await exported(superadmin, `q=${mark}&status=suspended`)).toEqual([])
  })

  test('come without a gap however many there are', async () => {
    const mark = unique('many').replace('-', '')
    const { rows } = await sql<{ id: string }>`
      insert into organizations (name, slug) select ${mark} || ' ' || n, ${mark} || '-' || n from generate_series(1, 1001) n
      returning id`.execute(owner)
    try {
      for (const sort of ['name', '-created_at']) {
        const ids = (await exported(superadmin, `q=${mark}&sort=${sort}`)).map(({ id }) => id)
        expect([ids.length, new Set(ids)]).toEqual([1001, new Set(rows.map(({ id }) => id))])
      }
    } finally {
      await owner.deleteFrom('organizations').where('slug', 'like', `${mark}-%`).execute()
    }
  })

  test('are the own one for its owner, and nobody’s without the permission', async () => {
    expect((await exported(people.owner)).map(({ id }) => id)).toEqual([people.org.id])
    const staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
    for (const who of [people.colleague, staff])
      await denied(who, 'organization:read', () => as(who).get(list, { Accept: 'text/csv' }))
    expect((await anonymous().get(list, { Accept: 'text/csv' })).status).toBe(401)
  })

  test('are a link of the list page', async () => {
    const browser = browserOf(superadmin)
    const page = await browser.get(`${paths.organizations}?status=suspended`)
    const [, href = ''] =
      /href="([^"]+format=csv)"/.exec(page.text)?.map((text) => text.replaceAll('&amp;', '&')) ?? []
    expect(href).toContain('status=suspended')
    expect((await browser.get(href)).headers.get('content-type')).toBe('text/csv; charset=utf-8')
  })
})
