import pg from 'pg'
import type { BenchDatabase } from '../data/database.ts'
import { hashOf, type Reader, type Tested, tested, tokenOf } from '../data/tested.ts'
import { median } from '../report/numbers.ts'
import { load, type Sample, send } from './load.ts'
import type { Server } from './server.ts'

/** What rights cost, each against what it is held against. */
export type ScopeFigures = {
  /** Time of the list within half of the rows by nested groups and inherited roles, to that of all rows. */
  half: number
  /** Of the list of three people among 100,000, ms. */
  narrowP95: number
  /** Time to find the rights of somebody with two hundred roles, to that of one role with the same permissions. */
  roles: number
  /** Of explaining why somebody with two hundred roles may read a record, ms. */
  explainP95: number
  /** Time of a list's statement with row security, to that with the organization in its conditions. */
  rowSecurity: number
}

const CLIENTS = 2
const SECONDS = 1
const ROUNDS = 5
const LIST = '/api/v1/users?sort=name'

/** Who may see what, in the organization of 100,000. */
export async function measureScopes(ours: Server, database: BenchDatabase): Promise<ScopeFigures> {
  const run = (whose: Tested | Reader, path: string) => loaded(ours, database, whose, path)
  const [all, half, narrow, explain]: Sample[][] = [[], [], [], []]
  const explained = await explanation(database)
  for (let round = 0; round < ROUNDS; round++) {
    all?.push(await run('big', LIST))
    half?.push(await run('half', LIST))
    narrow?.push(await run('narrow', LIST))
    explain?.push(await run('big', explained))
  }
  const p95 = (samples: Sample[] = []) => median(samples.map(({ p95 }) => p95))
  return {
    half: median((all ?? []).map(({ rate }, round) => rate / (half?.[round]?.rate ?? Number.NaN))),
    narrowP95: p95(narrow),
    explainP95: p95(explain),
    roles: await ratioOfTimes(database, lookup('many'), lookup('one')),
    rowSecurity: await rowSecurity(database),
  }
}

async function loaded(ours: Server, database: BenchDatabase, whose: Tested | Reader, path: string) {
  const headers = { authorization: `Bearer ${tokenOf(whose, 'token')}`, accept: 'application/json' }
  const request = { method: 'GET', path, headers } as const
  const { status, text } = await send(ours, request)
  if (status !== 200) throw new Error(`${path}: ${status} ${text.slice(0, 300)}`)
  return load(ours, request, SECONDS, database, CLIENTS)
}

/** Why somebody with two hundred roles may read the first person of the organization. */
async function explanation({ owner }: BenchDatabase): Promise<string> {
  const { rows } = await owner.query(
    `select (select u.id from users u join sessions s on s.org_id = u.org_id and s.user_id = u.id where s.token_hash = $1) as who,
      (select u.id from users u join organizations o on o.id = u.org_id where o.slug = $2 order by u.created_at limit 1) as record`,
    [hashOf(tokenOf('many', 'token')), `organization-${tested.big}`],
  )
  const { who, record } = rows[0]
  return `/api/v1/access/explain?user=${who}&permission=user:read&record=${record}`
}

const lookup = (reader: Reader) => ({
  text: 'select app.session_actor($1)',
  values: [hashOf(tokenOf(reader, 'token'))],
})

type Statement = { text: string; values?: unknown[] }

/** Medians of many interleaved runs of two statements, as the application's role. */
async function ratioOfTimes({ appUrl }: BenchDatabase, above: Statement, below: Statement): Promise<number> {
  const client = new pg.Client({ connectionString: appUrl })
  await client.connect()
  const times: [number[], number[]] = [[], []]
  try {
    for (let run = 0; run < 400; run++) {
      for (const [index, statement] of [above, below].entries()) {
        const began = performance.now()
        await client.query(statement)
        times[index]?.push(performance.now() - began)
      }
    }
  } finally {
    await client.end()
  }
  return median(times[0]) / median(times[1])
}

const columns = 'id, username, email, first_name, last_name, status, created_at, version'
const page = (where: string) =>
  `select ${columns}, (select count(*) from (select from users where ${where} deleted_at is null and status = 'active' limit 10001) counted)
   from users where ${where} deleted_at is null and status = 'active' order by sort_name, id limit 26`

/** The same page of the big organization, kept apart by row security and by its own condition. */
async function rowSecurity({ appUrl, owner }: BenchDatabase): Promise<number> {
  const { rows } = await owner.query(`select id from organizations where slug = 'organization-${tested.big}'`)
  const org: string = rows[0].id
  const behind = new pg.Client({ connectionString: appUrl })
  await behind.connect()
  const [on, off]: [number[], number[]] = [[], []]
  const timed = async (client: pg.Client, text: string, times: number[]) => {
    const began = performance.now()
    await client.query({ name: text.slice(-40), text })
    times.push(performance.now() - began)
  }
  try {
    await behind.query('begin')
    await behind.query('select app.enter($1, $2, 10000)', [org, '{}'])
    // the owner's own policy is `true`, so that only the condition keeps organizations apart
    await owner.query('begin')
    await owner.query(
      'set local random_page_cost = 1.1; set local max_parallel_workers_per_gather = 0; set local jit = off',
    )
    for (let run = 0; run < 100; run++) {
      await timed(behind, page(''), on)
      await timed(owner, page(`org_id = '${org}' and`), off)
    }
  } finally {
    await owner.query('rollback')
    await behind.end()
  }
  return median(on) / median(off)
}
