import { describe, expect, test } from 'vitest'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })

const BULK = '/api/v1/users/bulk'
type Previewed = { count: number; hash: string; names: string[]; consequence: string | null }

/** People of one family name, which a search finds. */
async function family(count: number): Promise<{ name: string; people: Person[] }> {
  const name = unique('Fam').replace('-', '')
  const people: Person[] = []
  for (let n = 1; n <= count; n++) people.push(await makeUser(org, { first_name: `N${n}`, last_name: name }))
  return { name, people }
}
const preview = async (body: object, by = boss) =>
  (await as(by).post(`${BULK}/preview`, body)).json<Previewed>()
const statusOf = async ({ id }: Person) =>
  (await past.selectFrom('users').select('status').where('id', '=', id).executeTakeFirstOrThrow()).status
const statuses = (people: readonly Person[]) => Promise.all(people.map(statusOf))
const rename = ({ id }: Person, last_name: string) =>
  past.updateTable('users').set({ last_name }).where('id', '=', id).execute()

/** What a form of a page holds, as a browser sends it: hidden fields, and what is selected. */
function formIn({ text }: Answer, action: string): Record<string, string[]> {
  const form = new RegExp(`<form[^>]*action="${action}"[^>]*>(.*?)</form>`, 's').exec(text)?.[1]
  if (form === undefined) return expect.unreachable(`no form for ${action}:\n${text.slice(0, 3000)}`)
  const fields: Record<string, string[]> = {}
  for (const [, name = '', value = ''] of form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g))
    fields[name] = [...(fields[name] ?? []), value.replaceAll('&amp;', '&')]
  return fields
}

describe('what a program confirmed', () => {
  test('is what is done, as long as it is the same', async () => {
    const { name, people } = await family(3)
    const body = { action: 'disable', matching: `q=${name}` }
    const { count, hash, names } = await preview(body)
    expect([count, names]).toEqual([3, people.map((_, n) => `N${n + 1} ${name}`)])
    const done = await as(boss).post(BULK, { ...body, count, hash })
    expect(done.json()).toMatchObject({ done: 3, refused: 0 })
    expect(await statuses(people)).toEqual(Array(3).fill('disabled'))
  })

  test('has to be said where the records are not named', async () => {
    const { name, people } = await family(1)
    const body = { action: 'disable', matching: `q=${name}` }
    const { count, hash } = await preview(body)
    for (const [given, missing] of [
      [{}, ['count', 'hash']],
      [{ count }, ['hash']],
      [{ hash }, ['count']],
    ] as const) {
      const answer = await as(boss).post(BULK, { ...body, ...given })
      expect([answer.status, answer.json().errors?.map(({ path }) => path)]).toEqual([422, missing])
    }
    expect(await statuses(people)).toEqual(['active'])
    const named = await as(boss).post(BULK, { action: 'disable', ids: people.map(({ id }) => id) })
    expect(named.json()).toMatchObject({ done: 1 })
  })

  test('leaves nothing out that was sent: what is no field, and what another action asks for, is a 422', async () => {
    const { people } = await family(1)
    const ids = people.map(({ id }) => id)
    for (const more of [
      { dry_run: true },
      { expires_at: '2031-01-01' },
      { role_id: roleOf(org, 'viewer') },
    ]) {
      const answer = await as(boss).post(BULK, { action: 'disable', ids, ...more })
      expect([answer.status, answer.json().errors?.map(({ path }) => path)]).toEqual([422, Object.keys(more)])
    }
    expect(await statuses(people)).toEqual(['active'])
    expect((await as(boss).post(BULK, { action: 'disable', ids })).json()).toMatchObject({ done: 1 })
  })

  test('is no page of what matches: that would stand for all of it', async () => {
    const { name } = await family(2)
    for (const page of ['limit=1', 'offset=1', 'after=', 'before=']) {
      const body = { action: 'disable', matching: `q=${name}&${page}` }
      const answer = await as(boss).post(`${BULK}/preview`, body)
      expect([answer.status, answer.json().errors?.map(({ path }) => path)]).toEqual([422, ['matching']])
    }
    const sorted = await preview({ action: 'disable', matching: `q=${name}&sort=-name` })
    expect(sorted.names).toEqual([`N2 ${name}`, `N1 ${name}`])
  })

  test('is a 409 where more match by now, others, or none; and then nothing is done', async () => {
    const { name, people } = await family(3)
    const [first, ...rest] = people as [Person, Person, Person]
    const stranger = await makeUser(org, { first_name: 'New' })
    const body = { action: 'disable', matching: `q=${name}` }
    const { count, hash } = await preview(body)
    const refused = async (detail: string) => {
      const answer = await as(boss).post(BULK, { ...body, count, hash })
      expect(answer.json()).toMatchObject({ status: 409, type: 'selection-changed', detail })
      expect(await statuses([...people, stranger])).toEqual(Array(4).fill('active'))
    }
    await rename(stranger, name)
    await refused('Now 4 people match; you confirmed 3. Nothing changed.')
    await rename(first, 'Gone')
    await refused('Still 3 people match, but not the same as you confirmed. Nothing changed.')
    for (const one of [stranger, ...rest]) await rename(one, 'Gone')
    await refused('Now no people match; you confirmed 3. Nothing changed.')
    for (const one of people) await rename(one, name)
    expect((await as(boss).post(BULK, { ...body, count, hash })).json()).toMatchObject({ done: 3 })
  })

  test('holds for records that are named, too, where it is said', async () => {
    const { people } = await family(2)
    const ids = people.map(({ id }) => id)
    const { hash } = await preview({ action: 'disable', ids: [ids[0]] })
    const send = (given: object) => as(boss).post(BULK, { action: 'disable', ids, ...given })
    expect((await send({ count: 2, hash })).status).toBe(409)
    expect(await statuses(people)).toEqual(['active', 'active'])
    const both = await preview({ action: 'disable', ids: ids.toReversed() })
    expect((await send({ count: both.count, hash: both.hash })).json()).toMatchObject({ done: 2 })
  })

  test('is looked at in the transaction that does it: of many at once, one does it', async () => {
    const { name } = await family(3)
    const body = { action: 'delete', matching: `q=${name}` }
    const { count, hash } = await preview(body)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => as(boss).post(BULK, { ...body, count, hash })),
    )
    const done = answers.map((answer) => (answer.status === 200 ? answer.json<{ done: number }>().done : 0))
    expect(done.reduce((sum, one) => sum + one)).toBe(3)
  })
})

test('nothing empty selects anything, in any list', async () => {
  const { paths } = (await as(boss).get('/api/v1/openapi.json')).json<{ paths: Record<string, object> }>()
  const bulk = Object.keys(paths).filter((path) => path.endsWith('/bulk'))
  expect(bulk.length).toBeGreaterThanOrEqual(9)
  const empty = [
    {},
    { ids: [] },
    { matching: '' },
    { matching: '?' },
    { matching: 'sort=-created_at' },
    { matching: 'limit=200' },
    { matching: 'after=' },
    { matching: 'status=' },
    { matching: 'surprise=1' },
    { all: false },
  ]
  for (const path of bulk) {
    const schema = JSON.stringify((paths[path] as { post: object }).post)
    const action = /"enum":\["(\w+)"/.exec(schema)?.[1]
    for (const selection of empty) {
      for (const at of [path, `${path}/preview`]) {
        const answer = await as(boss).post(at, { action, ...selection, count: 1, hash: 'x' })
        expect([at, selection, answer.status]).toEqual([at, selection, 422])
      }
    }
    // said aloud, all are meant: some there, or none yet
    const all = await as(boss).post(`${path}/preview`, { action, all: true })
    expect([200, 422]).toContain(all.status)
    if (path === BULK) expect(all.json<Previewed>().count).toBeGreaterThan(0)
  }
})

describe('a page', () => {
  const browser = () => browserOf(boss)
  const ask = (fields: Record<string, string | string[]>) => browser().post('/users/bulk/preview', fields)

  test('says how many, who, by which filter and what it brings about, and presets nothing', async () => {
    const { name, people } = await family(7)
    const back = `q=${name}&status=active&sort=-name`
    const asked = await ask({
      action: 'add_role',
      ids: people.slice(0, 2).map(({ id }) => id),
      matching: `q=${name}&status=active`,
      back,
    })
    expect(asked.status).toBe(200)
    for (const part of [
      'Assign a role to 7 people?</h1>',
      `N1 ${name}</li>`,
      'and 2 more',
      `Filter: “${name}”, Status: Active.`,
      'They get the role’s permissions immediately.',
      '<option value="">Choose a role…</option>',
      'Assign a role to 7 people</button>',
    ])
      expect(asked.text).toContain(part)
    expect(asked.text).not.toContain('selected=""')
    const form = formIn(asked, '/users/bulk')
    // nothing chosen: asked again, with all that was there
    const again = await browser().post('/users/bulk', { ...form, role_id: '' })
    expect([again.status, again.text.includes('id="role_id-error"')]).toEqual([422, true])
    const role_id = await makeRole(org, { name: 'Night shift' })
    const done = await browser().post('/users/bulk', { ...formIn(again, '/users/bulk'), role_id })
    expect([done.status, done.headers.get('location')]).toEqual([303, `/users?${back}`])
    expect(decodeURIComponent(done.headers.get('set-cookie') ?? '')).toContain(
      '“Night shift” assigned to 7 people',
    )
    const held = await past
      .selectFrom('user_roles')
      .select('user_id')
      .where('role_id', '=', role_id)
      .execute()
    expect(held.map(({ user_id }) => user_id).sort()).toEqual(people.map(({ id }) => id).sort())
  })

  test('asks again when others match by now, and says what changed', async () => {
    const { name, people } = await family(3)
    const asked = await ask({ action: 'disable', matching: `q=${name}` })
    const stranger = await makeUser(org, { first_name: 'New', last_name: name })
    const form = formIn(asked, '/users/bulk')
    for (const headers of [{}, { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }] as Record<
      string,
      string
    >[]) {
      const again = await browser().post('/users/bulk', form, headers)
      expect(again.status).toBe(409)
      expect(again.text).toContain('Now 4 people match; you confirmed 3. Nothing changed.')
      expect(again.text).toContain('Disable 4 people</button>')
      expect(formIn(again, '/users/bulk').count).toEqual(['4'])
    }
    expect(await statuses([...people, stranger])).toEqual(Array(4).fill('active'))
    const again = await browser().post('/users/bulk', form)
    const done = await browser().post('/users/bulk', formIn(again, '/users/bulk'))
    expect(done.status).toBe(303)
    expect(await statuses([...people, stranger])).toEqual(Array(4).fill('disabled'))
  })

  test('of nothing that is selected says so, above the list as it was', async () => {
    const { name } = await family(0)
    for (const fields of [{}, { matching: `q=${name}` }] as Record<string, string>[]) {
      const asked = await ask({ action: 'disable', ...fields, back: `q=${name}` })
      expect(asked.status).toBe(422)
      expect(asked.text).toMatch(/Select people first|Nothing is selected/)
      expect(asked.text).toMatch(new RegExp(`<input id="q"[^>]* value="${name}"`))
    }
  })

  test('of all says that there is no filter', async () => {
    const asked = await ask({ action: 'disable', all: 'true' })
    expect(asked.text).toContain('No filter: all people you have access to.')
  })

  test('is JSON for whoever asks for that in a browser', async () => {
    const { people } = await family(1)
    const fields = { action: 'disable', ids: people.map(({ id }) => id) }
    const asked = await browser().post('/users/bulk/preview', fields, { Accept: 'application/json' })
    expect(asked.json<Previewed>()).toEqual(await preview(fields))
  })

  test('goes back to no other place', async () => {
    const { people } = await family(1)
    const ids = people.map(({ id }) => id)
    const back = '//evil.example/?x=1\r\nSet-Cookie: a=b'
    const done = await browser().post('/users/bulk', { action: 'disable', ids, back })
    expect(done.headers.get('location')).toMatch(/^\/users\?[^\s]*$/)
    expect(done.headers.get('set-cookie') ?? '').not.toContain('a=b')
  })
})
