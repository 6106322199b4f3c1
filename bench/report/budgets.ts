import type { Kind } from '../kinds.ts'
import type { FileFigures } from '../measure/files.ts'
import type { ListTimes } from '../measure/lists.ts'
import type { NeighbourFigures } from '../measure/neighbours.ts'
import type { Measured } from '../measure/rounds.ts'
import type { ScopeFigures } from '../measure/scopes.ts'
import type { SignInFigures } from '../measure/sign-ins.ts'
import type { Starts } from '../measure/start.ts'
import type { Trips } from '../measure/trips.ts'
import { count, ratio, seconds, short } from './numbers.ts'

/** What was found out; what a run left out is null. */
export type Findings = {
  kinds: readonly Kind[]
  measured: ReadonlyMap<string, Measured>
  bigToSmall: number | null
  trips: Record<'floor' | 'ours', ReadonlyMap<string, Trips>>
  bytes: ReadonlyMap<string, [floor: number, ours: number]>
  memory: Record<'floor' | 'ours', { idle: number; most: number }>
  starts: Starts | null
  lists: readonly ListTimes[]
  scopes: ScopeFigures | null
  files: FileFigures | null
  signIns: SignInFigures | null
  neighbours: readonly NeighbourFigures[]
}

/** A limit, what was measured against it, and whether it holds. */
export type Budget = { what: string; must: string; is: string; holds: boolean }

const BIG_TO_SMALL = 0.9
const SEARCH_MS = 50
const MEMORY_IDLE = 150
const MEMORY_MOST = 300
const START_MS = 400
const START_EMBEDDED_MS = 3000

export function budgetsOf(findings: Findings): Budget[] {
  const { kinds, measured, bigToSmall, trips, memory, starts, lists, scopes, files, signIns, neighbours } =
    findings
  const budgets: Budget[] = []
  const add = (what: string, must: string, is: string, holds: boolean) =>
    budgets.push({ what, must, is, holds })
  for (const { key, label, budget } of kinds) {
    const share = measured.get(key)?.ratio ?? Number.NaN
    if (budget !== null)
      add(`${label}, against the floor`, `≥ ${ratio(budget)}`, ratio(share), share >= budget)
  }
  if (bigToSmall !== null) {
    const holds = bigToSmall >= BIG_TO_SMALL
    add('list of 100,000 against list of 100', `≥ ${ratio(BIG_TO_SMALL)}`, ratio(bigToSmall), holds)
  }
  const grown = lists.filter(({ alike }) => alike)
  if (grown.length) {
    const worst = grown.reduce((a, b) => (b.ratio < a.ratio ? b : a))
    const what = `every list of 1,000,000 against 1,000 (worst: ${worst.label})`
    add(what, `≥ ${ratio(BIG_TO_SMALL)}`, ratio(worst.ratio), worst.ratio >= BIG_TO_SMALL)
  }
  for (const { label, large } of lists) {
    if (large === null) continue
    add(`${label}, among 200,000, p95`, `≤ ${SEARCH_MS} ms`, `${short(large)} ms`, large <= SEARCH_MS)
  }
  if (scopes) budgets.push(...scopeBudgets(scopes))
  if (files) budgets.push(...fileBudgets(files))
  if (signIns) budgets.push(signInBudget(signIns))
  budgets.push(...neighbours.flatMap(neighbourBudgets))
  for (const { key, label, roundTrips } of kinds) {
    const found = trips.ours.get(key)
    if (!found || roundTrips === null) continue
    const { warm, cold } = found
    add(
      `${label}, round trips`,
      `≤ ${roundTrips}`,
      count(warm.roundTrips),
      warm.roundTrips < roundTrips + 0.1,
    )
    if (cold) {
      const most = roundTrips + 1
      add(`${label}, rights not cached`, `≤ ${most}`, count(cold.roundTrips), cold.roundTrips < most + 0.3)
    }
  }
  const { idle, most } = memory.ours
  add('memory, idle', `≤ ${MEMORY_IDLE} MB`, `${idle} MB`, idle <= MEMORY_IDLE)
  add('memory, under load', `≤ ${MEMORY_MOST} MB`, `${most} MB`, most <= MEMORY_MOST)
  if (starts) {
    add('start, the process itself', `≤ ${seconds(START_MS)}`, seconds(starts.ours), starts.ours <= START_MS)
    const embedded = starts.embedded
    add(
      'start with the embedded database',
      `≤ ${seconds(START_EMBEDDED_MS)}`,
      seconds(embedded),
      embedded <= START_EMBEDDED_MS,
    )
  }
  return budgets
}

const most = (what: string, limit: number, is: number, unit = '') => ({
  what,
  must: `≤ ${unit ? `${limit}${unit}` : ratio(limit)}`,
  is: unit ? `${short(is)}${unit}` : ratio(is),
  holds: is <= limit,
})

const signInBudget = ({ ratio: share }: SignInFigures): Budget =>
  most('p95 of others while 200 sign in, against that alone', 2, share)

const neighbourBudgets = ({ label, ratio: share, failed }: NeighbourFigures): Budget[] => [
  most(`p95 of another organization during ${label}, against that alone`, 2, share),
  { what: `failed requests of it`, must: '0', is: String(failed), holds: failed === 0 },
]

/** What 100,000 people out of and into a file may cost. */
function fileBudgets({ exported, checked, imported }: FileFigures): Budget[] {
  return [
    most('export of 100,000, first byte', 200, exported.firstByte, ' ms'),
    most('export of 100,000, memory', 256, exported.grown, ' MB'),
    most('import of 100,000, dry run', 60, checked.seconds, ' s'),
    most('import of 100,000', 60, imported.seconds, ' s'),
    most('import of 100,000, memory', 256, Math.max(checked.grown, imported.grown), ' MB'),
    most('other requests during an import, p95', 150, imported.others, ' ms'),
  ]
}

function scopeBudgets({ half, narrowP95, roles, explainP95, rowSecurity }: ScopeFigures): Budget[] {
  return [
    most('half of 100,000 by nested groups and inherited roles, time against all', 1.3, half),
    most('three people among 100,000 by a group, p95', 20, narrowP95, ' ms'),
    most('rights of 200 roles, time against one role', 1.2, roles),
    most('explaining a permission of somebody with 200 roles, p95', 20, explainP95, ' ms'),
    most('row security, time against a condition', 1.15, rowSecurity),
  ]
}
