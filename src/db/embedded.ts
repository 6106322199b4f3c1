import { readFile, readlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { findBinaries } from '#src/db/embedded/binaries.ts'
import { initialise, majorOf, OWNER, passwordOf } from '#src/db/embedded/cluster.ts'
import { EmbeddedError, foreseeable } from '#src/db/embedded/errors.ts'
import { exclusive, type Hold, tryExclusive, tryShared } from '#src/db/embedded/lock.ts'
import { type Place, settle } from '#src/db/embedded/place.ts'
import { launch, type Server, serverSettings, settled, stopServer } from '#src/db/embedded/server.ts'

export { EmbeddedError } from '#src/db/embedded/errors.ts'

const DATABASE = 'ambit'

export type Embedded = {
  /** The owner's URL of the database `ambit`, on 127.0.0.1. */
  url: string
  how: 'initialised' | 'started' | 'attached'
  /** The server's version, like 18.4. */
  version: string
  /** Stops using the server; the last user's stop shuts it down and returns once it is gone. */
  stop(): Promise<void>
}

/** `settings` are PostgreSQL's own; `sync: false` trades durability for speed, for tests. */
export type EmbeddedOptions = { settings?: Record<string, string>; sync?: boolean }

/**
 * Starts the PostgreSQL in `dataDir`, creating it if missing, or joins it if it already runs. Any number of processes
 * may share one; the last one's `stop` shuts it down. After a kill it keeps running, and the next start takes it over.
 * @throws {EmbeddedError} with one line that says what to do
 */
export async function startEmbedded(dataDir: string, options: EmbeddedOptions = {}): Promise<Embedded> {
  try {
    const place = await settle(dataDir)
    const turn = await exclusive(turnLock(place))
    try {
      return await use(place, options)
    } finally {
      turn.release()
    }
  } catch (error) {
    throw foreseeable(error, `The database in ${dataDir} can't be used`)
  }
}

async function use(place: Place, { settings, sync = true }: EmbeddedOptions): Promise<Embedded> {
  const running = await settled(place)
  const how = running ? 'attached' : (await majorOf(place.cluster)) === undefined ? 'initialised' : 'started'
  const server = running ?? (await start(place, serverSettings(sync, settings), sync))
  const url = `postgres://${OWNER}:${await passwordOf(place)}@127.0.0.1:${server.port}/${DATABASE}`
  const version = await openDatabase(url, server)
  const share = tryShared(usersLock(place))
  if (!share)
    throw new EmbeddedError(`${usersLock(place)} is held by a different program: end it and try again`)
  return { url, how, version, stop: () => leave(place, share) }
}

async function start(place: Place, settings: Record<string, string>, sync: boolean): Promise<Server> {
  await refuseForeignUsers(place)
  const major = await majorOf(place.cluster)
  const binaries = await findBinaries(place.identity, place.cache, major)
  if (major === undefined) await initialise(place, binaries, sync)
  await writeFile(path.join(place.home, 'machine'), await machine())
  return launch(place, binaries, settings)
}

async function leave(place: Place, share: Hold): Promise<void> {
  const turn = await exclusive(turnLock(place))
  try {
    share.release()
    const last = tryExclusive(usersLock(place))
    if (!last) return
    await stopServer(place)
    last.release()
  } finally {
    turn.release()
  }
}

// Containers don't see each other's processes: each would start a server on the same files and corrupt them.
async function refuseForeignUsers(place: Place) {
  const before = await readFile(path.join(place.home, 'machine'), 'utf8').catch(() => '')
  if (!before || before === (await machine())) return
  const alone = tryExclusive(usersLock(place))
  if (!alone)
    throw new EmbeddedError(
      `${place.home} is in use from a different container or machine: stop Ambit there, or set DATABASE_URL for both`,
    )
  alone.release()
}

const machine = async () => `${hostname()} ${await readlink('/proc/self/ns/pid').catch(() => '')}`

const turnLock = ({ home }: Place) => path.join(home, 'turn.lock')
const usersLock = ({ home }: Place) => path.join(home, 'users.lock')

/** Creates the database if it is missing; returns the server's version. */
async function openDatabase(url: string, server: Server): Promise<string> {
  try {
    return await ask(url, 'show server_version')
  } catch (error) {
    if ((error as pg.DatabaseError).code !== '3D000') throw unanswered(error as pg.DatabaseError, server)
  }
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  await ask(maintenance.href, `create database ${DATABASE}`)
  return ask(url, 'show server_version')
}

async function ask(url: string, statement: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // also rejected by the query
  try {
    await client.connect()
    const { rows } = await client.query({ text: statement, rowMode: 'array' })
    return String(rows[0]?.[0] ?? '').split(' ')[0] as string
  } finally {
    await client.end().catch(() => {})
  }
}

function unanswered(error: pg.DatabaseError, { pid, port }: Server) {
  if (error.code === '28P01')
    return new EmbeddedError(
      `The password kept in DATA_DIR is not that of the running PostgreSQL (process ${pid}): bring back the right DATA_DIR, or end that process`,
    )
  return new EmbeddedError(
    `PostgreSQL (process ${pid}, port ${port}) runs but does not answer (${error.message}): end that process and start again`,
  )
}
