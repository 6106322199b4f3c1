import { beforeAll, describe, expect, test } from 'vitest'
import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  roleOf,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
type Listed = { data: EventRecord[]; page: { total: number; next: string | null; previous: string | null } }

let org: Organization
let boss: Person
let auditor: Person
let kim: Person
/** What the boss did, the latest first. */
let done: EventRecord[]
let request: string

const events = (by: Person, query = '') => as(by).get(api(paths.events) + query)
const listed = async (by: Person, query = '') => (await events(by, query)).json<Listed>()
/** The making of an organization is more than a page. */
async function everything(by: Person, after?: string): Promise<EventRecord[]> {
  const { data, page } = await listed(by, `?limit=200${after ? `&after=${encodeURIComponent(after)}` : ''}`)
  return page.next ? [...data, ...(await everything(by, page.next))] : data
}
const ids = ({ data }: Listed) => data.map(({ id }) => id)
const event = (action: string) => {
  const found = done.find((one) => one.action === action)
  if (!found) throw new Error(`no ${action} happened`)
  return found
}

beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada', last_name: 'Boss' })
  auditor = await personWith(org, ['event:read:all'])
  kim = await personWith(org, ['event:read:own', 'event:export:own', 'user:read:own', 'user:update:own'], {
    first_name: 'Kim',
    last_name: 'Own',
  })
  const group = await makeGroup(org, { name: 'Harbour' })
  const role = await makeRole(org, { name: 'Checker', permissions: ['event:read:own'] })
  const member = api(paths.groupMember(paths.groups, group, kim.id))
  const given = { expires_at: '2031-12-01T00:00:00Z', reason: 'Covers' }
  await as(boss).post(api(paths.userRole(kim.id, role)), given)
  await as(boss).put(member, { role: 'viewer' })
  await as(boss).put(member, { role: 'member' })
  const patched = await as(boss).patch(api(paths.user(kim.id)), { first_name: 'Kimberly', locale: 'de' })
  request = patched.headers.get('x-request-id') as string
  await as(kim).patch(api(paths.user(kim.id)), { last_name: '=Owner' })
  await as(kim).get(api(paths.groups))
  done = (await listed(boss, `?actor_user_id=${boss.id}&limit=200`)).data
})

describe('the list', () => {
  test('tells who did what, when and through what, the latest first', async () => {
    expect(done.map(({ action }) => action)).toEqual([
      'user:update',
      'group_member:update',
      'group_member:create',
      'user_role:create',
    ])
    expect(event('user_role:create')).toMatchObject({
      via: 'api',
      actor: { id: boss.id, name: 'Ada Boss' },
      impersonator: null,
      target: { type: 'user_role', id: kim.id, name: 'Kimberly =Owner' },
      ip: '192.0.2.7',
      data: { after: { reason: 'Covers' } },
    })
    expect(event('user:update')).toMatchObject({
      request_id: request,
      data: { before: { first_name: 'Kim', locale: null }, after: { first_name: 'Kimberly', locale: 'de' } },
    })
  })

  test.each([
    ['action', () => 'action=user:update', (e: EventRecord) => e.action === 'user:update'],
    ['actor_user_id', () => `actor_user_id=${kim.id}`, (e: EventRecord) => e.actor?.id === kim.id],
    ['actor', () => `actor=${kim.email.toUpperCase()}`, (e: EventRecord) => e.actor?.id === kim.id],
    ['target_type', () => 'target_type=role', (e: EventRecord) => e.target.type === 'role'],
    [
      'target',
      () => `target_type=user&target_id=${kim.id}`,
      (e: EventRecord) => e.target.id === kim.id && e.target.type === 'user',
    ],
    ['via', () => 'via=api,cli', (e: EventRecord) => e.via === 'api'],
    [
      'request_id',
      () => `request_id=${request}&actor_user_id=${boss.id}`,
      (e: EventRecord) => e.request_id === request,
    ],
    [
      'several',
      () => `actor_user_id=${kim.id}&action=access:denied`,
      (e: EventRecord) => e.actor?.id === kim.id && e.action === 'access:denied',
    ],
  ])('is narrowed by %s', async (_, query, fits) => {
    const all = await everything(boss)
    const expected = all.filter(fits).map(({ id }) => id)
    expect(expected.length).toBeGreaterThan(0)
    expect(expected.length).toBeLessThan(all.length)
    expect(ids(await listed(boss, `?limit=200&${query()}`))).toEqual(expected)
  })

  test('is narrowed by time, and goes on where the page before ended', async () => {
    const { created_at } = event('group_member:create')
    const at = encodeURIComponent(created_at)
    const mine = `actor_user_id=${boss.id}`
    expect(ids(await listed(boss, `?${mine}&created_at.gte=${at}`))).toEqual(
      ids({ data: done } as Listed).slice(0, 3),
    )
    expect(ids(await listed(boss, `?${mine}&created_at.lt=${at}`))).toEqual([event('user_role:create').id])
    const seen: string[] = []
    for (let next: string | null = ''; next !== null; ) {
      const page: Listed = await listed(boss, `?${mine}&limit=1${next && `&after=${next}`}`)
      seen.push(...ids(page))
      next = page.page.next
    }
    expect(seen).toEqual(done.map(({ id }) => id))
  })

  test.each([
    'target_id=00000000-0000-7000-8000-000000000000',
    'request_id=x',
    'request_id=x&created_at.lt=2030-01-01',
    'via=telepathy',
    'sort=action',
    'created_at.gte=yesterday',
    'org_id=00000000-0000-7000-8000-000000000000',
  ])('has no index for %s, or does not know it', async (query) => {
    expect((await events(boss, `?${query}`)).status).toBe(400)
  })

  test('says once that somebody signed in, and has the session’s own line where it is asked for', async () => {
    const body = { username: kim.username, password: PASSWORD }
    expect((await anonymous().post(api(paths.auth.login), body)).status).toBe(200)
    const actions = async (query: string) => (await listed(boss, query)).data.map(({ action }) => action)
    expect(await actions(`?actor_user_id=${kim.id}&limit=1`)).toEqual(['auth:sign_in'])
    expect(await actions('?target_type=session')).not.toContain('session:create')
    expect(await actions(`?actor_user_id=${kim.id}&action=session:create`)).toEqual(['session:create'])
  })

  test('narrows by a request where it is said from when on to look', async () => {
    const found = await listed(boss, `?request_id=${request}&created_at.gte=2020-01-01`)
    expect(ids(found)).toEqual([event('user:update').id])
  })
})

describe('who may read', () => {
  test('everything sees everybody’s; names are for who reads people and the rest', async () => {
    const [line] = (await listed(auditor, `?action=user_role:create&limit=1&actor_user_id=${boss.id}`)).data
    expect(line).toMatchObject({ actor: { id: boss.id }, target: { id: kim.id }, ip: '192.0.2.7' })
    expect(line?.actor).not.toHaveProperty('name')
    expect(line?.target).not.toHaveProperty('name')
    expect((await listed(auditor, `?actor=${boss.username}`)).data).toEqual([])
    expect((await listed(boss, `?actor=${boss.username}`)).page.total).toBe(done.length)
  })

  test('names of what it is about are for who reads that very record', async () => {
    const seenFrom = async (group: string) => {
      const by = await personWith(org, ['event:read:all', 'user:read:group'], { groups: [group] })
      const [line] = (await listed(by, `?action=user_role:create&limit=1&actor_user_id=${boss.id}`)).data
      return line?.target
    }
    const harbour = event('group_member:create').target.id as string
    expect(await seenFrom(harbour)).toMatchObject({ id: kim.id, name: 'Kimberly =Owner' })
    expect(await seenFrom(await makeGroup(org))).toEqual({ type: 'user_role', id: kim.id })
  })

  test('their own sees what they did, without addresses, and not what a refusal wanted', async () => {
    const mine = (await listed(kim, '?limit=200')).data
    expect(new Set(mine.map(({ actor }) => actor?.id))).toEqual(new Set([kim.id]))
    expect(new Set(mine.map(({ ip }) => ip))).toEqual(new Set([null]))
    const refusal = mine.find(({ action }) => action === 'access:denied')
    expect(refusal?.data).toEqual({ path: api(paths.groups) })
    expect((await listed(boss, `?actor_user_id=${kim.id}&action=access:denied`)).data[0]?.data).toMatchObject(
      {
        wanted: 'group:read',
      },
    )
    expect((await as(kim).get(api(paths.event(mine[0]?.id as string)))).json()).toEqual(mine[0])
    await hidden(kim, () => as(kim).get(api(paths.event(event('user:update').id))))
    const page = await browserOf(kim).get(paths.event(refusal?.id as string))
    expect([page.status, page.text.includes('group:read')]).toEqual([200, false])
  })

  test('nothing gets nothing, nor do others see another organization’s', async () => {
    const nobody = await makeUser(org)
    for (const path of [paths.events, paths.event(event('user:update').id)])
      for (const attempt of [() => as(nobody).get(api(path)), () => browserOf(nobody).get(path)])
        await denied(nobody, 'event:read', attempt)
    const abroad = await makeOrganization()
    const foreigner = await makeUser(abroad, { roles: [roleOf(abroad, 'owner')] })
    await hidden(foreigner, () => as(foreigner).get(api(paths.event(event('user:update').id))))
    for (const query of [`?actor_user_id=${boss.id}`, `?target_type=user&target_id=${kim.id}`])
      expect((await listed(foreigner, query)).page.total).toBe(0)
  })
})

describe('the file', () => {
  const file = (by: Person, query = '') => events(by, `?format=csv${query}`)

  test('has what the list has, in sentences, and no formula', async () => {
    const { text, headers } = await file(boss, `&actor_user_id=${boss.id}`)
    expect(headers.get('content-type')).toContain('text/csv')
    const [head, ...lines] = text.trim().split('\r\n')
    expect(head).toMatch(/^id,created_at,action,sentence,via,/)
    expect(lines.map((line) => line.slice(0, 36))).toEqual(done.map(({ id }) => id))
    expect(text).toContain('Ada Boss assigned Checker to Kimberly =Owner until 1 Dec 2031')
    await past
      .updateTable('users')
      .set({ first_name: '=1+1', last_name: '' })
      .where('id', '=', kim.id)
      .execute()
    expect((await file(boss, `&actor_user_id=${kim.id}`)).text).toContain("'=1+1")
    await past
      .updateTable('users')
      .set({ first_name: 'Kimberly', last_name: '=Owner' })
      .where('id', '=', kim.id)
      .execute()
  })

  test('is for who may export, as far as they may', async () => {
    await denied(auditor, 'event:export', () => file(auditor))
    const mixed = await personWith(org, ['event:read:all', 'event:export:own'])
    expect((await file(mixed)).text.trim().split('\r\n')).toHaveLength(1)
    expect((await file(kim)).text.trim().split('\r\n').length).toBeGreaterThan(1)
    expect((await browserOf(auditor).get(paths.events)).text).not.toContain('format=csv')
    expect((await browserOf(boss).get(paths.events)).text).toContain('format=csv')
  })
})

describe('the page', () => {
  const said = async (action: string): Promise<Answer> => {
    const page = await browserOf(boss).get(paths.event(event(action).id))
    expect(page.status).toBe(200)
    return page
  }

  test('of an event says in a sentence what happened, and from what to what', async () => {
    expect((await said('user_role:create')).text).toContain(
      'Ada Boss assigned Checker to Kimberly =Owner until 1 Dec 2031',
    )
    expect((await said('group_member:update')).text).toContain(
      'Ada Boss made Kimberly =Owner a member of the group Harbour',
    )
    const { text } = await said('user:update')
    for (const piece of [
      'Kimberly',
      'First name',
      'Language',
      paths.user(boss.id),
      paths.user(kim.id),
      request,
    ])
      expect(text).toContain(piece)
  })

  test('leads to why somebody was refused', async () => {
    const [refusal] = (await listed(boss, `?actor_user_id=${kim.id}&action=access:denied`)).data
    const { text } = await browserOf(boss).get(paths.event(refusal?.id as string))
    const why = paths.access.why({ user: kim.id, permission: 'group:read' }).replaceAll('&', '&amp;')
    expect(text).toContain(why)
  })

  test('of the list has the form with what was chosen, and nothing but text of others', async () => {
    await past
      .updateTable('users')
      .set({ first_name: '<script>alert(1)</script>' })
      .where('id', '=', kim.id)
      .execute()
    const { text } = await browserOf(boss).get(
      `${paths.events}?actor=${kim.username}&created_at.gte=2020-01-01`,
    )
    expect(text).toContain(`value="${kim.username}"`)
    expect(text).toContain('value="2020-01-01"')
    expect(text).not.toContain('<script>alert')
    expect(text).toContain('&lt;script&gt;')
  })
})
