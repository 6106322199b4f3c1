import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor } from '#src/db/paging.ts'
import { as, browserOf, send } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, openSession, roleOf, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner: past } = await testDatabase()
const org = await makeOrganization()
const reader = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Zoë', last_name: 'Zz' })

type List = {
  data: { id: string; username: string }[]
  page: {
    limit: number
    next: string | null
    previous: string | null
    total: number
    total_is_lower_bound: boolean
  }
}
const list = async (query: string) => {
  const answer = await as(reader).get(`/api/users?${query}`)
  expect(answer.status, query).toBe(200)
  return { ...answer.json<List>(), link: answer.headers.get('link') ?? '' }
}

beforeAll(async () => {
  // equal names, and instants that differ by a microsecond or not at all
  await sql`
    insert into users (org_id, username, email, first_name, last_name, status, created_at)
    select ${org.id}, 'walk' || n, 'walk' || n || '@example.com', case when n % 3 = 0 then 'Same' else 'Näme ' || n % 5 end, 'Equal',
      case when n % 4 = 0 then 'invited' else 'active' end, '2026-01-01 00:00:00.000001+00'::timestamptz + (n / 4) * interval '1 microsecond'
    from generate_series(1, 57) n`.execute(past)
})

describe('pages', () => {
  const sorts = ['name', 'username', 'email', 'created_at'].flatMap((sort) => [sort, `-${sort}`])

  test.each(sorts)('by %s lose nobody and show nobody twice, forwards and backwards', async (sort) => {
    const all = (await list(`sort=${sort}&limit=200`)).data.map(({ id }) => id)
    expect(all).toHaveLength(58)
    for (const limit of [1, 7, 57, 58]) {
      const forwards: string[][] = []
      let after: string | null = ''
      let last: List['page'] | undefined
      while (after !== null) {
        const { data, page, link } = await list(`sort=${sort}&limit=${limit}${after && `&after=${after}`}`)
        forwards.push(data.map(({ id }) => id))
        expect(page.total).toBe(58)
        expect(page.previous === null).toBe(after === '')
        expect(link.includes('rel="next"')).toBe(page.next !== null)
        after = page.next
        last = page
      }
      expect(forwards.flat()).toEqual(all)
      const backwards: string[][] = [forwards.at(-1) as string[]]
      let before = last?.previous ?? null
      while (before !== null) {
        const { data, page } = await list(`sort=${sort}&limit=${limit}&before=${before}`)
        backwards.unshift(data.map(({ id }) => id))
        expect(page.next).not.toBeNull()
        before = page.previous
      }
      expect(backwards.flat()).toEqual(all)
    }
    const reversed = sort.startsWith('-') ? sort.slice(1) : `-${sort}`
    expect((await list(`sort=${reversed}&limit=200`)).data.map(({ id }) => id)).toEqual([...all].reverse())
  })

  test('stay true while rows come and go', async () => {
    const first = await list('sort=username&limit=5&q=walk')
    const gone = first.data[4]?.id as string
    await past.updateTable('users').set({ deleted_at: sql<string>`now()` }).where('id', '=', gone).execute()
    const next = await list(`sort=username&limit=5&q=walk&after=${first.page.next}`)
    await past.updateTable('users').set({ deleted_at: null }).where('id', '=', gone).execute()
    expect(next.data.map(({ username }) => username)).toEqual(
      (await list('sort=username&limit=5&q=walk&offset=5')).data.map(({ username }) => username),
    )
  })

  test('by offset are the same', async () => {
    const all = (await list('limit=200')).data.map(({ id }) => id)
    expect((await list('limit=10&offset=20')).data.map(({ id }) => id)).toEqual(all.slice(20, 30))
    expect((await list('limit=10&offset=10000')).data).toEqual([])
  })

  test('the link leads on, with search and filter kept', async () => {
    const { link, data } = await list('q=walk&status=active&limit=3')
    const next = /^<([^>]+)>; rel="next"/.exec(link)?.[1] as string
    expect(next).toMatch(/^\/api\/users\?q=walk&status=active&limit=3&after=/)
    const answer = (await as(reader).get(next)).json<List>()
    expect(answer.data).toHaveLength(3)
    expect(answer.data.some(({ id }) => data.some((other) => other.id === id))).toBe(false)
  })

  test('of sessions walk as well', async () => {
    for (let n = 0; n < 9; n++) await openSession(reader, 'token')
    const seen: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const answer = await as(reader).get(
        `/api/sessions?limit=2&sort=created_at${after && `&after=${after}`}`,
      )
      const { data, page } = answer.json<List>()
      seen.push(...data.map(({ id }) => id))
      after = page.next
    }
    expect(seen).toHaveLength(11)
    expect(new Set(seen).size).toBe(11)
  })
})

describe('an address is refused', () => {
  const place = encodeCursor('name', { key: 'equal', id: reader.id })
  test.each([
    ['a field that nobody knows', 'nonsense=1', /^nonsense: no such parameter; choose from q, sort, limit/],
    ['two of them', 'a=1&b=2', /^a, b: no such parameter/],
    ['a column that is no field', 'password_hash=x', /^password_hash: no such parameter/],
    ['an organization', `org_id=${org.id}`, /^org_id: no such parameter/],
    ['a sort by a column that is none', 'sort=deleted_at', /^sort: Choose one of .*name, -name/],
    ['a sort by SQL', 'sort=name;drop table users', /^sort: Choose one of/],
    ['a sort by a prototype', 'sort=__proto__', /^sort: Choose one of/],
    ['a filter by SQL', "status=active' or '1'='1", /^status: Choose one of/],
    ['a limit of nothing', 'limit=0', /^limit/],
    ['a limit beyond', 'limit=201', /^limit/],
    ['a limit of SQL', 'limit=1;select', /^limit: Enter a whole number from 1 to 200/],
    ['a limit in exponents', 'limit=1e2', /^limit: Enter a whole number from 1 to 200/],
    ['an offset beyond', 'offset=10001', /^offset/],
    ['a negative offset', 'offset=-1', /^offset/],
    ['a field twice', 'limit=1&limit=2', /^limit is given twice/],
    ['NUL', 'q=a%00b', /^q has a NUL/],
    ['a long search', `q=${'x'.repeat(201)}`, /^q/],
    ['a cursor of nothing', 'after=nonsense', /place in the list/],
    ['a cursor of another sort', `sort=username&after=${place}`, /place in the list/],
    ['a cursor of the other direction', `sort=-name&after=${place}`, /place in the list/],
    [
      'a cursor with SQL for an id',
      `after=${encodeCursor('name', { key: 'a', id: "' or true --" })}`,
      /place in the list/,
    ],
    [
      'a cursor with NUL',
      `after=${encodeCursor('name', { key: 'a\0', id: reader.id })}`,
      /place in the list/,
    ],
    [
      'a cursor that is a list of lists',
      `after=${Buffer.from('[["name"],["a"],["b"]]').toString('base64url')}`,
      /place in the list/,
    ],
    [
      'a cursor of an instant that is none',
      `sort=created_at&after=${encodeCursor('created_at', { key: 'tomorrowish', id: reader.id })}`,
      /place in the list/,
    ],
    [
      'a cursor with an id that is none',
      `after=${encodeCursor('name', { key: 'a', id: '-'.repeat(36) })}`,
      /place in the list/,
    ],
  ])('with %s', async (_, query, detail) => {
    const answer = await as(reader).get(`/api/users?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.json().detail).toMatch(detail)
    expect(answer.json().detail).not.toMatch(/syntax|relation|column "|postgres/i)
  })

  test('the positive twin', async () => {
    expect((await list(`after=${place}`)).data.length).toBeGreaterThan(0)
    expect((await list('status=active,invited&sort=-created_at&limit=2')).data).toHaveLength(2)
  })
})

describe('SQL where words are', () => {
  const canaries = [
    "' or '1'='1",
    "'; drop table users; --",
    "') union select password_hash from accounts --",
    '%',
    '_',
    '\\',
    '\u0027',
    "' || (select current_user) || '",
    '{{constructor.constructor}}',
    '\u{10FFFF}',
    '\ud800',
    '%2527zz',
  ]

  test.each(canaries)('finds what it says, not what it does: %j', async (words) => {
    const before = await rowsOf(org.id)
    const answer = await as(reader).get(`/api/users?q=${encodeURIComponent(words.toWellFormed())}`)
    expect(answer.status).toBe(200)
    const { total } = answer.json<List>().page
    expect([0, 58]).toContain(total)
    // nothing but signs is no search at all
    if (/[a-z0-9]/i.test(words)) expect(total).toBe(0)
    expect(await rowsOf(org.id)).toEqual(before)
  })

  test('and in a cursor it is only a value', async () => {
    const key = "'; update users set first_name = 'owned'; --"
    expect(
      (await as(reader).get(`/api/users?after=${encodeCursor('name', { key, id: reader.id })}`)).status,
    ).toBe(200)
    expect(await past.selectFrom('users').select('id').where('first_name', '=', 'owned').execute()).toEqual(
      [],
    )
  })

  test('a search folds case and accents, begins words, and needs all of them', async () => {
    for (const q of ['zoe', 'ZOË', 'zo zz', 'Zz Zoë'])
      expect((await list(`q=${encodeURIComponent(q)}`)).data.map(({ id }) => id)).toEqual([reader.id])
    for (const q of ['oe', 'zoe equal']) expect((await list(`q=${encodeURIComponent(q)}`)).data).toEqual([])
  })

  test('a search takes umlauts as they are typed without a key for them; names without one stay as they are', async () => {
    const there = await makeOrganization()
    const boss = await makeUser(there, { roles: [roleOf(there, 'owner')], first_name: 'Boss' })
    const mark = unique('zq').replace('-', '')
    const made: Record<string, string> = {}
    for (const name of ['Müller', 'Mueller', 'Muller', 'Bjørn'])
      made[name] = (await makeUser(there, { first_name: mark, last_name: name })).id
    const found = async (q: string) => {
      const answer = await as(boss).get(`/api/users?q=${encodeURIComponent(`${mark} ${q}`)}`)
      const ids = answer.json<{ data: { id: string }[] }>().data.map(({ id }) => id)
      return Object.keys(made).filter((name) => ids.includes(made[name] as string))
    }
    for (const q of ['mueller', 'MUELLER', 'muel']) expect(await found(q), q).toEqual(['Müller', 'Mueller'])
    for (const q of ['muller', 'Müller', 'mull']) expect(await found(q), q).toEqual(['Müller', 'Muller'])
    for (const q of ['bjoern', 'bjorn', 'Bjørn']) expect(await found(q), q).toEqual(['Bjørn'])
    const team = await makeGroup(there, { name: `Küche ${mark}` })
    const groups = (await as(boss).get(`/api/groups?q=kueche+${mark}`)).json<{ data: { id: string }[] }>()
    expect(groups.data.map(({ id }) => id)).toEqual([team])
    await past
      .updateTable('users')
      .set({ last_name: 'Möller' })
      .where('id', '=', made.Müller as string)
      .execute()
    expect([await found('mueller'), await found('moeller')]).toEqual([['Mueller'], ['Müller']])
  })

  test('a search that takes its time ends by itself', async () => {
    const words = Array.from({ length: 60 }, (_, n) => `w${n}`).join(' ')
    expect((await as(reader).get(`/api/users?q=${encodeURIComponent(words.slice(0, 200))}`)).status).toBe(200)
  })

  test('bytes that are no UTF-8 do no harm', async () => {
    for (const path of ['/users?q=%FF%FE', '/users?q=%', '/users/%FF', '/%FF']) {
      const answer = await send(path, {
        headers: { Authorization: `Bearer ${reader.token}`, Accept: 'application/json' },
      })
      expect(answer.status).toBeLessThan(500)
    }
    expect((await browserOf(reader).get('/users?q=%FF')).status).toBe(400)
  })
})
