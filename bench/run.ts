import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig, root } from '#src/config.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type BenchDatabase, forgetCreated, openDatabase, SECRET } from './data/database.ts'
import { tested } from './data/tested.ts'
import { type Kind, kindsOfWork } from './kinds.ts'
import { measureFiles } from './measure/files.ts'
import { measureLists } from './measure/lists.ts'
import { measureNeighbours } from './measure/neighbours.ts'
import { memoryOf } from './measure/process.ts'
import { profile } from './measure/profile.ts'
import { measureRounds } from './measure/rounds.ts'
import { requireSame } from './measure/same.ts'
import { measureScopes } from './measure/scopes.ts'
import { type Server, startServer, stopAll } from './measure/server.ts'
import { measureSignIns } from './measure/sign-ins.ts'
import { measureStarts } from './measure/start.ts'
import { measureTags } from './measure/tags.ts'
import { countTrips } from './measure/trips.ts'
import { help, type Options, readOptions } from './options.ts'
import { budgetsOf, type Findings } from './report/budgets.ts'
import { circumstances } from './report/circumstances.ts'
import { resultsOf } from './report/table.ts'

/** Until the servers have done what they do after a start. */
const SETTLE_MS = 3000

/** What is measured beside the kinds of work. */
const parts = ['lists', 'scopes', 'files', 'sign-ins', 'neighbours']

const say = (line: string) => console.error(line)

let options: Options
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  say(`${(error as Error).message}\n${help}`)
  process.exit(2)
}

let database: BenchDatabase | undefined
const stopped = async () => {
  await stopAll()
  await database?.close()
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void stopped().finally(() => process.exit(1)))
}

try {
  bundle()
  database = await openDatabase(say)
  await forgetCreated(database.owner)
  const kinds = await chosen(database, options.only)
  if (options.profile) console.log(await profile(kinds[0] as Kind, database, cookieOf))
  else await bench(kinds, database)
} catch (error) {
  say((error as Error).message)
  process.exitCode = 1
} finally {
  await stopped()
}

async function bench(kinds: readonly Kind[], database: BenchDatabase): Promise<void> {
  const findings = await measured(kinds, database)
  const results = resultsOf(findings, circumstances(database.server.version, options))
  console.log(results)
  if (options.whole) await writeFile(join(root, 'bench', 'RESULTS.md'), results)
  const bad = [...findings.measured].filter(([, { floor, ours }]) => floor.bad + ours.bad > 0)
  if (bad.length) throw new Error(`There were failing requests: ${bad.map(([key]) => key).join(', ')}`)
  const failed = budgetsOf(findings).filter(({ holds }) => !holds)
  say(failed.length ? `${failed.length} budgets are missed` : 'All budgets hold')
}

async function measured(kinds: readonly Kind[], database: BenchDatabase): Promise<Findings> {
  const running = { DATABASE_APP_URL: database.appUrl }
  say('Counting statements and round trips…')
  const trips = {
    floor: await countTrips('floor', kinds, database, cookieOf),
    ours: await countTrips('ours', kinds, database, cookieOf),
  }
  say('Starting…')
  const starts = options.only.length ? null : await measureStarts(database)
  const floor = await startServer('floor', { database: running })
  const ours = await startServer('ours', { database: running })
  await sleep(SETTLE_MS)
  const idle = { floor: memoryOf(floor.pid).now, ours: memoryOf(ours.pid).now }
  const bytes = new Map<string, [number, number]>()
  for (const kind of kinds) bytes.set(kind.key, (await requireSame(kind, floor, ours, cookieOf(ours))).bytes)
  say('Both answer alike. Measuring…')
  const { measured, bigToSmall } = await measureRounds(
    kinds,
    { floor, ours },
    cookieOf(ours),
    database,
    options,
    say,
  )
  const wants = (part: string) => !options.only.length || options.only.includes(part)
  const lists = wants('lists')
    ? [...(await measureLists(ours, database)), ...(await measureTags(database))]
    : []
  const scopes = wants('scopes') ? await measureScopes(ours, database) : null
  const files = wants('files') ? await measureFiles(database) : null
  const signIns = wants('sign-ins') ? await measureSignIns(database) : null
  const neighbours = wants('neighbours') ? await measureNeighbours(database, cookieOf) : []
  const memory = {
    floor: { idle: idle.floor, most: memoryOf(floor.pid).most },
    ours: { idle: idle.ours, most: memoryOf(ours.pid).most },
  }
  return {
    kinds,
    measured,
    bigToSmall,
    trips,
    bytes,
    memory,
    starts,
    lists,
    scopes,
    files,
    signIns,
    neighbours,
  }
}

/** Makes the bundle that `npm start` runs. */
function bundle(): void {
  const { status, stderr } = spawnSync(process.execPath, ['bin/build.mjs'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The bundle can't be made: ${stderr}`)
}

function cookieOf({ port }: Server): string {
  return new Cookies(readConfig({ SECRET_KEY: SECRET, PORT: String(port), URL_PREFIX: '', PUBLIC_URL: '' }))
    .session
}

async function chosen({ owner }: BenchDatabase, only: string[]): Promise<Kind[]> {
  const { rows } = await owner.query(
    `select u.id from users u join organizations o on o.id = u.org_id
     where o.slug = 'organization-' || $1::int and u.status = 'active' order by u.created_at limit 1 offset 10`,
    [tested.small],
  )
  const all = kindsOfWork(rows[0].id)
  const unknown = only.filter((key) => !parts.includes(key) && !all.some((kind) => kind.key === key))
  if (unknown.length) throw new Error(`Not a kind of work: ${unknown.join(', ')}\n${help}`)
  return only.length ? all.filter(({ key }) => only.includes(key)) : all
}
