import type { BenchDatabase } from '../data/database.ts'
import { type Kind, requestOf } from '../kinds.ts'
import { median } from '../report/numbers.ts'
import { load, type Sample } from './load.ts'
import type { Name, Server } from './server.ts'

export type Measured = {
  floor: Sample
  ours: Sample
  /** Median of the rounds' own ratios: both sides of each were measured one after the other. */
  ratio: number
}

type Rounds = Record<Name, Sample[]>

/**
 * Loads both servers in turn, kind after kind and round after round, so that what else the machine does meets all
 * alike; who begins changes from round to round.
 */
export async function measureRounds(
  kinds: readonly Kind[],
  servers: Record<Name, Server>,
  cookie: string,
  database: BenchDatabase,
  { rounds, seconds }: { rounds: number; seconds: number },
  say: (line: string) => void,
): Promise<{ measured: Map<string, Measured>; bigToSmall: number | null }> {
  const all = new Map<string, Rounds>(kinds.map(({ key }) => [key, { floor: [], ours: [] }]))
  const run = (kind: Kind, name: Name, length: number) =>
    load(servers[name], requestOf(kind, name, cookie), length, database)
  for (const kind of kinds) {
    for (const name of ['floor', 'ours'] as const) await run(kind, name, 1)
  }
  for (let round = 0; round < rounds; round++) {
    const order: Name[] = round % 2 ? ['ours', 'floor'] : ['floor', 'ours']
    for (const kind of kinds) {
      for (const name of order) all.get(kind.key)?.[name].push(await run(kind, name, seconds))
    }
    say(`Round ${round + 1} of ${rounds} is done`)
  }
  const measured = new Map([...all].map(([key, both]) => [key, summary(both)]))
  return { measured, bigToSmall: ratioOf(all.get('list-big')?.ours, all.get('list')?.ours) }
}

function summary({ floor, ours }: Rounds): Measured {
  return { floor: middle(floor), ours: middle(ours), ratio: ratioOf(ours, floor) ?? Number.NaN }
}

function ratioOf(above: Sample[] | undefined, below: Sample[] | undefined): number | null {
  if (!above || !below) return null
  return median(above.map(({ rate }, round) => rate / (below[round]?.rate ?? Number.NaN)))
}

function middle(samples: Sample[]): Sample {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  return {
    rate: of(({ rate }) => rate),
    p50: of(({ p50 }) => p50),
    p95: of(({ p95 }) => p95),
    p99: of(({ p99 }) => p99),
    cpu: of(({ cpu }) => cpu),
    databaseCpu: of(({ databaseCpu }) => databaseCpu),
    bad: samples.reduce((sum, { bad }) => sum + bad, 0),
  }
}
