import { encodeCursor } from '#src/db/paging.ts'
import type { BenchDatabase } from '../data/database.ts'
import { type Tested, tested, tokenOf } from '../data/tested.ts'
import { median } from '../report/numbers.ts'
import { load, type Sample, send } from './load.ts'
import type { Server } from './server.ts'

/** One list, in the organization of 1,000,000 and in one of 1,000. */
export type ListTimes = {
  label: string
  huge: number
  medium: number
  ratio: number
  /** Of the huge one, ms. */
  p95: number
  /** Of a search in the organization of 200,000, ms. */
  large: number | null
  /** Whether both find as many, so that the ratio shows what the size alone costs. */
  alike: boolean
}

/** Few enough that a statement has a core to itself. */
const CLIENTS = 2
const SECONDS = 0.4
const ROUNDS = 3
const COLUMNS = { name: 'sort_name', username: 'username', email: 'email', created_at: 'created_at' }
/** Of one person, by the beginning of a word that nobody else has: as much to find in either organization. */
const ONE = 'search for one person'
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
  const measure = async (label: string, queries: Record<'huge' | 'medium', string>, searched?: string) => {
    const [huge, medium, large]: [Sample[], Sample[], Sample[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      medium.push(await loaded(ours, database, 'medium', queries.medium))
      huge.push(await loaded(ours, database, 'huge', queries.huge))
      if (searched) large.push(await loaded(ours, database, 'large', searched))
    }
    times.push({
      label,
      alike: !searched || label === ONE,
      huge: median(huge.map(({ rate }) => rate)),
      medium: median(medium.map(({ rate }) => rate)),
      ratio: median(huge.map(({ rate }, round) => rate / (medium[round]?.rate ?? Number.NaN))),
      p95: median(huge.map(({ p95 }) => p95)),
      large: searched ? median(large.map(({ p95 }) => p95)) : null,
    })
  }
  for (const status of ['', 'status=active&']) {
    for (const sort of ['name', 'username', 'email', '-created_at']) {
      const query = `${status}sort=${sort}`
      await measure(query.replace('&', ', '), { huge: query, medium: query })
    }
  }
  for (const sort of ['name', 'created_at'] as const) {
    // 24,975 rows before it are 999 pages; a small organization has no more than a few
    const [huge, medium] = [
      await beyond(database, 'huge', sort, 24_975),
      await beyond(database, 'medium', sort, 500),
    ]
    await measure(`page 1,000 by ${sort}`, { huge, medium })
  }
  const one = async (organization: Tested) => `q=${await nameIn(database, organization)}&sort=name`
  await measure(ONE, { huge: await one('huge'), medium: await one('medium') }, await one('large'))
  for (const { label, query } of SEARCHES) await measure(label, { huge: query, medium: query }, query)
  return times
}

/** The last part of a username, whose number makes it one of a kind. */
async function nameIn({ owner }: BenchDatabase, organization: Tested): Promise<string> {
  const { rows } = await owner.query(
    `select split_part(username, '.', 2) as word from users u join organizations o on o.id = u.org_id
     where o.slug = $1 and u.status = 'active' order by u.created_at desc limit 1 offset 7`,
    [`organization-${tested[organization]}`],
  )
  return rows[0].word
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
