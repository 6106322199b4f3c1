import { encodeCursor } from '#src/db/paging.ts'
import type { BenchDatabase } from '../data/database.ts'
import { type Tested, tested, tokenOf } from '../data/tested.ts'
import { median } from '../report/numbers.ts'
import { load, type Sample, send } from './load.ts'
import type { Server } from './server.ts'

/** One list, in the organization of 100,000 and in one of 100. */
export type ListTimes = {
  label: string
  search: boolean
  /** Answers a second, medians. */
  big: number
  small: number
  /** Of big to small, median of the rounds. */
  ratio: number
  /** Of the big one, ms. */
  p95: number
}

/** Few enough that a statement has a core to itself. */
const CLIENTS = 2
const SECONDS = 0.4
const ROUNDS = 3
const COLUMNS = { name: 'sort_name', username: 'username', email: 'email', created_at: 'created_at' }
const SEARCHES = [
  { label: 'search “leon”, by name', query: 'q=leon&sort=name' },
  { label: 'search “leon”, by user name', query: 'q=leon&sort=username' },
  { label: 'search “kru” among the active, newest first', query: 'q=kru&status=active&sort=-created_at' },
  { label: 'search “s”, newest first', query: 'q=s&sort=-created_at' },
  { label: 'search for nobody', query: 'q=qqq' },
]

/** Every pair of filter and sort that the list of people declares, a page deep inside, and searches. */
export async function measureLists(ours: Server, database: BenchDatabase): Promise<ListTimes[]> {
  const times: ListTimes[] = []
  const measure = async (label: string, search: boolean, queries: Record<'big' | 'small', string>) => {
    const [big, small]: [Sample[], Sample[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      small.push(await loaded(ours, database, 'small', queries.small))
      big.push(await loaded(ours, database, 'big', queries.big))
    }
    times.push({
      label,
      search,
      big: median(big.map(({ rate }) => rate)),
      small: median(small.map(({ rate }) => rate)),
      ratio: median(big.map(({ rate }, round) => rate / (small[round]?.rate ?? Number.NaN))),
      p95: median(big.map(({ p95 }) => p95)),
    })
  }
  for (const status of ['', 'status=active&']) {
    for (const sort of ['name', 'username', 'email', '-created_at']) {
      const query = `${status}sort=${sort}`
      await measure(query.replace('&', ', '), false, { big: query, small: query })
    }
  }
  for (const sort of ['name', 'created_at'] as const) {
    // 24,975 rows before it are 999 pages; a small organization has no more than a few
    const [big, small] = [
      await beyond(database, 'big', sort, 24_975),
      await beyond(database, 'small', sort, 50),
    ]
    await measure(`page 1,000 by ${sort}`, false, { big, small })
  }
  for (const { label, query } of SEARCHES) await measure(label, true, { big: query, small: query })
  return times
}

async function loaded(ours: Server, database: BenchDatabase, organization: Tested, query: string) {
  const headers = { authorization: `Bearer ${tokenOf(organization, 'token')}`, accept: 'application/json' }
  const request = { method: 'GET', path: `/api/v1/users?${query}`, headers } as const
  const { status, text } = await send(ours, request)
  if (status !== 200) throw new Error(`${request.path}: ${status} ${text.slice(0, 300)}`)
  return load(ours, request, SECONDS, database, CLIENTS)
}

/** The address of the page that begins after so many rows. */
async function beyond(
  { owner }: BenchDatabase,
  organization: Tested,
  sort: 'name' | 'created_at',
  rows: number,
): Promise<string> {
  const found = await owner.query({
    text: `select u.${COLUMNS[sort]}::text as key, u.id from users u join organizations o on o.id = u.org_id
      where o.slug = 'organization-' || $1::int and u.deleted_at is null
      order by u.${COLUMNS[sort]}, u.id offset $2 limit 1`,
    values: [tested[organization], rows],
  })
  return `sort=${sort}&after=${encodeCursor(sort, found.rows[0])}`
}
