import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { importUsers } from '#src/domains/people/import/command-actions.ts'
import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { paths } from '#src/paths.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeUser,
  type Organization,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { app, db, owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let org: Organization
let boss: Person
let session: string
beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada' })
  session = await sessionOf(boss.token)
})

type Listed = { data: EventRecord[]; page: { total: number; next: string | null } }
const listed = async (query: string) => (await as(boss).get(api(paths.events) + query)).json<Listed>()
const causeOf = async (cause: string | null) => (await listed(`?limit=200&cause_id=${cause}`)).data
const requestOf = ({ headers }: Answer) => headers.get('x-request-id') as string

/** A file of people, as many as are asked for. */
const sheet = (count: number) =>
  [
    'username,email',
    ...Array.from({ length: count }, () => unique('brought')).map((n) => `${n},${n}@example.com`),
  ].join('\n')

describe('a cause', () => {
  test('is its request: all that it wrote, by which session, in order', async () => {
    const made = await as(boss).post(api(paths.users), {
      username: unique('new'),
      email: `${unique('new')}@example.com`,
      role_ids: [roleOf(org, 'user')],
    })
    expect(made.status, made.text).toBe(201)
    const events = await causeOf(requestOf(made))
    expect(events.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['user:create', 'user_role:create']),
    )
    for (const event of events)
      expect(event).toMatchObject({ cause_kind: 'request', request_id: requestOf(made), session_id: session })
    const seqs = events.map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => b - a))
    expect(await causeOf('00000000-0000-7000-8000-000000000000')).toEqual([])
  })

  test('of a browser is that too', async () => {
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const saved = await browserOf(by).patch(paths.user(by.id), { first_name: 'Grace' })
    expect(await causeOf(requestOf(saved))).toMatchObject([
      { action: 'user:update', via: 'web', cause_kind: 'request', session_id: await sessionOf(by.cookie) },
    ])
  })

  test('is a bulk action, with what it refused', async () => {
    const people = await Promise.all([makeUser(org), makeUser(org), makeUser(org)])
    const ids = people.map(({ id }) => id)
    const done = await as(boss).post(api('/users/bulk'), { action: 'disable', ids: [...ids, boss.id] })
    expect(done.status, done.text).toBe(200)
    const events = await causeOf(requestOf(done))
    expect(new Set(events.map(({ cause_kind }) => cause_kind))).toEqual(new Set(['bulk']))
    const changed = events.filter(({ action }) => action === 'user:update')
    expect(changed.map(({ target }) => target.id).sort()).toEqual(ids.sort())
  })

  test('is an import, whose lines lead to all of them', async () => {
    const form = new FormData()
    form.set('file', new File([sheet(3)], 'people.csv', { type: 'text/csv' }))
    const answer = await app.request(api('/users/import'), {
      method: 'POST',
      headers: { Authorization: `Bearer ${boss.token}`, Accept: 'application/json' },
      body: form,
    })
    expect(answer.status, await answer.text()).toBe(200)
    const events = await causeOf(answer.headers.get('x-request-id'))
    expect(new Set(events.map(({ cause_kind }) => cause_kind))).toEqual(new Set(['import']))
    expect(events.filter(({ action }) => action === 'user:create')).toHaveLength(3)
    const page = await browserOf(boss).get(paths.event(events[0]?.id as string))
    expect(page.text).toContain(`All ${events.length} changes of this import`)
    expect(page.text).toContain(`href="${paths.events}?cause_id=${events[0]?.cause_id}"`)
    const all = await browserOf(boss).get(`${paths.events}?cause_id=${events[0]?.cause_id}&limit=200`)
    expect(all.text).toContain(`of ${events.length}`)
  })

  test('of a command is one for each run', async () => {
    const file = join(tmpdir(), `${unique('people')}.csv`)
    const runs: string[] = []
    for (const count of [4, 2]) {
      await writeFile(file, sheet(count))
      expect(await importUsers(db, org.id, file)).toMatchObject({ imported: count })
      const [last] = (await listed('?via=cli&limit=1')).data
      expect(last).toMatchObject({ cause_kind: 'import', request_id: null })
      const events = await causeOf(last?.cause_id as string)
      expect(events.filter(({ action }) => action === 'user:create')).toHaveLength(count)
      runs.push(last?.cause_id as string)
    }
    expect(new Set(runs).size).toBe(2)
  })

  test('is a sign-in, too, and a change of one’s account', async () => {
    const { username, ...by } = await makeUser(org)
    const signed = await anonymous().post(api('/auth/login'), { username, password: PASSWORD })
    expect(signed.status, signed.text).toBe(200)
    expect((await causeOf(requestOf(signed))).map(({ action }) => action)).toContain('auth:sign_in')
    const asked = await browserOf({ username, ...by }).post(paths.myEmail, {
      password: PASSWORD,
      email: `${unique('a')}@example.com`,
    })
    expect(asked.status, asked.text).toBe(303)
    expect(await causeOf(requestOf(asked))).toMatchObject([
      { action: 'auth:request_email', cause_kind: 'request', request_id: requestOf(asked) },
    ])
  })

  test('stands in every line but those of the database itself', async () => {
    const { rows } = await sql<{ action: string }>`select action from events
      where org_id = ${org.id} and via <> 'sql' and (cause_id is null or cause_kind is null or salt is null)`.execute(
      owner,
    )
    expect(rows).toEqual([])
  })
})

test('lines of the same moment are in the order they were written in, on each page and in a history', async () => {
  const target = boss.id
  await sql`insert into events (org_id, via, action, target_type, target_id, reason, created_at)
    select ${org.id}, 'sql', 'user:update', 'user', ${target}::uuid, n::text, '2031-01-01' from generate_series(1, 60) n`.execute(
    owner,
  )
  const expected = Array.from({ length: 60 }, (_, n) => String(60 - n))
  const walked: (string | null)[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page: Listed = await listed(`?limit=7&created_at.gte=2030-12-31${next && `&after=${next}`}`)
    walked.push(...page.data.map(({ reason }) => reason))
    next = page.page.next
  }
  expect(walked).toEqual(expected)
  type History = { data: { reason: string | null }[]; next: string | null }
  const history = `${api(paths.user(target))}/history`
  const first = (await as(boss).get(history)).json<History>()
  const rest = (await as(boss).get(`${history}?before=${first.next}`)).json<History>()
  expect([...first.data, ...rest.data].slice(0, 60).map(({ reason }) => reason)).toEqual(expected)
})

describe('the page', () => {
  test('shows what else the same act did', async () => {
    const answer = await as(boss).post(api(`${paths.groups}/bulk`), {
      action: 'delete',
      ids: [await makeGroup(org, { name: 'One of two' }), await makeGroup(org, { name: 'Two of two' })],
    })
    const one = await listed(`?request_id=${answer.headers.get('x-request-id')}&actor=${boss.username}`)
    expect(one.data).toHaveLength(2)
    const { text } = await browserOf(boss).get(paths.event(one.data[0]?.id as string))
    expect(text).toContain(paths.event(one.data[1]?.id as string))
    expect(text).toContain('In the same bulk action')
  })
})
