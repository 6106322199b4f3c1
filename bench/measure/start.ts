import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchDatabase, folder } from '../data/database.ts'
import { median } from '../report/numbers.ts'
import { type Name, startServer } from './server.ts'

/** Spawn to first answer, in ms. */
export type Starts = {
  floor: number
  ours: number
  embedded: number
  /** The very first start: makes the embedded database, migrates, seeds; null where that was done before. */
  first: number | null
}

const TIMES = 3

export async function measureStarts(database: BenchDatabase): Promise<Starts> {
  const running = { DATABASE_APP_URL: database.appUrl }
  // a whole installation of its own, as somebody has it who only typed `npm start`
  const name = `installation-${database.version}`
  const others = (await readdir(folder)).filter((entry) => entry.startsWith('installation') && entry !== name)
  for (const old of others) await rm(join(folder, old), { recursive: true })
  const known = (await readdir(folder)).includes(name)
  const own = { DATA_DIR: join(folder, name), ENVIRONMENT: 'development' }
  const first = await once('ours', own)
  return {
    floor: await several('floor', running),
    ours: await several('ours', running),
    embedded: await several('ours', own),
    first: known ? null : first,
  }
}

async function several(name: Name, database: Record<string, string>): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < TIMES; n++) times.push(await once(name, database))
  return median(times)
}

async function once(name: Name, database: Record<string, string>): Promise<number> {
  const server = await startServer(name, { database })
  await server.stop()
  return server.startedIn
}
