import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeCursor } from '#src/db/paging.ts'
import { can, get } from '#src/http/endpoint.ts'
import { listQuery } from '#src/resource/list/declaration.ts'
import { filtered } from '#src/resource/list/filter.ts'
import { pageJson } from '#src/resource/list/page.ts'
import { list } from '#src/resource/list/query.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { mounted } from '#tests/http/mounted.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const org = await makeOrganization()
const reader = await makeUser(org, { roles: [roleOf(org, 'owner')] })

type List = { data: { id: string; username: string }[]; page: { next: string | null; total: number } }

// the users' table once more, with every kind of filter and sort
const things = listQuery({
  sorts: {
    username: ['username', 'text'],
    created_at: ['created_at', 'timestamptz'],
    version: ['version', 'integer'],
    big: ['big', 'bigint'],
    ratio: ['ratio', 'numeric'],
    day: ['day', 'date'],
    even: ['even', 'boolean'],
  },
  defaultSort: 'username',
  filters: {
    status: ['active', 'invited'],
    ids: { kind: 'uuid', column: 'id' },
    username: { kind: 'text' },
    created_at: { kind: 'instant' },
    version: { kind: 'integer' },
    big: { kind: 'integer' },
    day: { kind: 'date' },
    even: { kind: 'boolean' },
    word: { kind: 'choice', values: ['a', 'b'], column: null },
  },
})
const typed = mounted([
  get('/things', can('user:read'), { query: things }, async ({ db, actor, grant, query }) => {
    const found = await list(db, actor, query, {
      table: 'users',
      grant,
      json: sql<string>`json_build_object('id', users.id, 'username', users.username)::text`,
      matching: (q) =>
        q
          .selectFrom(
            sql<never>`(select *, version::bigint * 10000000000 as big, version / 3.0 as ratio,
            '2026-01-01'::date + version as day, version % 2 = 0 as even from users)`.as('users'),
          )
          .where(grant.where())
          .where('users.username' as never, 'like', 'walk%' as never)
          .where(filtered('users', query, actor.clock)) as never,
    })
    return { json: `{"filters":${JSON.stringify(query.filters)},"list":${pageJson(found)}}` }
  }),
])

describe('a filter by type', () => {
  beforeAll(async () => {
    await sql`
      insert into users (org_id, username, email, status, version, created_at)
      select ${org.id}, 'walk' || n, 'walk' || n || '@example.com', case when n % 4 = 0 then 'invited' else 'active' end, n + 1,
        '2026-01-01 00:00:00.000001+00'::timestamptz + (n / 4) * interval '1 microsecond'
      from generate_series(1, 57) n`.execute(past)
  })
  const ask = async (query: string, limit = 200) => {
    const answer = await as(reader, typed).get(`/api/things?limit=${limit}&${query}`)
    expect(answer.status, query).toBe(200)
    return answer.json<{ filters: object; list: List }>()
  }
  // user walk<n> has version n + 1, and was made n/4 microseconds (whole ones) after the first instant of the year
  test.each<[string, (n: number) => boolean]>([
    ['version=5', (n) => n === 4],
    ['version.gte=5&version.lt=8', (n) => n >= 4 && n < 7],
    ['version.gt=5&version.lte=8', (n) => n > 4 && n <= 7],
    ['version=-1', () => false],
    ['version.lte=9007199254740991', () => true],
    ['big.gte=50000000000', (n) => n >= 4],
    ['day=2026-01-06', (n) => n === 4],
    ['day.lt=2026-01-06', (n) => n < 4],
    ['day.gte=0001-01-01', () => true],
    ['even=true', (n) => n % 2 === 1],
    ['even=false', (n) => n % 2 === 0],
    ['created_at.gte=2026-01-01T00:00:00.000003Z', (n) => n >= 8],
    ['created_at.lt=2026-01-01T02:00:00.000003%2B02:00', (n) => n < 8],
    ['created_at.lt=2026-01-01T02:00:00.000003+02:00', (n) => n < 8],
    ['created_at=2026-01-01t00:00:00.000003z', (n) => n >= 8 && n < 12],
    // a day is all of it
    ['created_at=2026-01-01', () => true],
    ['created_at.gte=2026-01-01', () => true],
    ['created_at.lte=2026-01-01', () => true],
    ['created_at.gt=2026-01-01', () => false],
    ['created_at.lt=2026-01-01', () => false],
    ['username=walk7', (n) => n === 7],
    ["username=walk7' or '1'='1", () => false],
    ['status=invited', (n) => n % 4 === 0],
    ['status=invited,active', () => true],
    ['status=invited&even=false&version.gt=20', (n) => n % 4 === 0 && n >= 20],
    ['status=&ids=&username=&created_at.gte=&version=&day=&even=&word=', () => true],
    ['word=a,b', () => true],
  ])('%s', async (query, matches) => {
    const expected = Array.from({ length: 57 }, (_, n) => n + 1).filter(matches)
    const { list: found } = await ask(query)
    expect(found.data.map(({ username }) => Number(username.slice(4))).sort((a, b) => a - b)).toEqual(
      expected,
    )
    expect(found.page.total).toBe(expected.length)
  })

  test('by ids, in capitals too', async () => {
    const [one, other] = (await ask('')).list.data
    const ids = [one?.id.toUpperCase(), other?.id, '00000000-0000-7000-8000-000000000000']
    expect((await ask(`ids=${ids.join(',')}`)).list.data.map(({ id }) => id)).toEqual([one?.id, other?.id])
    expect((await ask(`ids=${one?.id}`)).list.data).toHaveLength(1)
  })

  test('is kept for the list itself', async () => {
    expect((await ask('word=b&version.gte=3')).filters).toEqual({ word: ['b'], 'version.gte': ['3'] })
  })

  test.each([
    ['version', ['x', '1.5', '1e3', '9'.repeat(17), '0x10', '1,2', '%20', '--1', '9007199254740993']],
    [
      'day',
      [
        '2026-02-30',
        '2026-1-1',
        '0000-01-01',
        'today',
        'infinity',
        '10000-01-01',
        '2026-01-01T00:00:00Z',
        'epoch',
      ],
    ],
    [
      'created_at',
      [
        ...['now', 'infinity', '0000-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', '1'],
        ...[
          '2026-01-01T00:00:60Z',
          '2026-01-01T00:00:00',
          '2026-01-01T00:00:00%2B15:00',
          '2026-01-01 00:00:00Z',
        ],
        ...["2026-01-01T00:00:00Z'", '2026-01-01T00:00:00Z Europe/Vienna', '-infinity', '2026-13-01'],
      ],
    ],
    ['even', ['1', 'yes', 'TRUE', 'null']],
    ['ids', ['x', '00000000-0000-7000-8000-00000000000', 'null', Array(201).fill(reader.id).join(',')]],
    ['status', ['disabled', 'active,x']],
    ['word', ['c']],
    ['username', ['x'.repeat(201)]],
    ['version.gte', ['x']],
    ['day.lt', ['x']],
    ['created_at.lte', ['x']],
    // not of these kinds
    ['status.gte', ['active']],
    ['username.lt', ['a']],
    ['even.gt', ['true']],
    ['version.ne', ['1']],
    ['version.', ['1']],
    ['big.gte.lt', ['1']],
  ])('%s refuses what is none', async (name, values) => {
    for (const value of values) {
      const answer = await as(reader, typed).get(`/api/things?${name}=${value}`)
      expect(answer.status, value).toBe(400)
      expect(answer.json().detail).toContain(name)
      expect(answer.json().detail).not.toMatch(/syntax|operator|postgres/i)
    }
  })

  test('is named where an unknown one was asked for', async () => {
    const answer = await as(reader, typed).get('/api/things?nonsense=1')
    expect(answer.json().detail).toMatch(
      /choose from q, .*, ids, username, created_at, created_at\.gte, .*created_at\.lt, version, version\.gte/,
    )
  })

  const odd: Record<string, string[]> = {
    version: ['2147483648', '-2147483649', '', '1.0', 'x', '01', '-0', '1e3', ' 1'],
    big: ['9223372036854775808', '-9223372036854775809', 'x', ''],
    ratio: ['NaN', 'Infinity', '1e5', '.5', '', `1${'0'.repeat(200)}`],
    day: ['2026-02-30', '0000-01-01', 'infinity', '', 'today', '2026-01-01 00:00'],
    even: ['t', '1', '', 'maybe'],
    created_at: ['0000-01-01 00:00:00+00', '2026-02-30 00:00:00+00', 'infinity', ''],
  }
  test.each(['username', 'created_at', 'version', 'big', 'ratio', 'day', 'even'])(
    'sorts by %s',
    async (sort) => {
      for (const direction of ['', '-']) {
        const by = `sort=${direction}${sort}`
        const all = (await ask(by)).list.data.map(({ id }) => id)
        expect(new Set(all).size).toBe(57)
        const walked: string[] = []
        for (let after: string | null = ''; after !== null; ) {
          const { list: found } = await ask(`${by}${after && `&after=${after}`}`, 10)
          walked.push(...found.data.map(({ id }) => id))
          after = found.page.next
        }
        expect(walked).toEqual(all)
        for (const key of odd[sort] ?? []) {
          const after = encodeCursor(`${direction}${sort}`, { key, id: reader.id })
          expect((await as(reader, typed).get(`/api/things?${by}&after=${after}`)).status, key).toBe(400)
        }
      }
    },
  )
})
