// Puts faults into the walls, one at a time, and says which test catches each (docs/decisions/031).
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { root } from '#src/config.ts'
import { Copy } from '#tests/mutations/copy.ts'
import { areas } from '#tests/mutations/faults.ts'
import { judged, type Verdict } from '#tests/mutations/judge.ts'
import type { Mutation } from '#tests/mutations/mutation.ts'
import { reportOf, shown } from '#tests/mutations/report.ts'
import { stopTrials, tried } from '#tests/mutations/trial.ts'

const help = `npm run test:mutations -- [options]
  --only text      faults of this area, or with this in their name; as often as you like
  --list           says them, and runs nothing
  --full           gives those that get through to all tests, too
  --parallel n     copies of the project that are tried at once
  --unproved       leaves out the first run, which shows that the tests pass without a fault`

const say = (line: string) => console.error(line)
const ENOUGH = 0.95

function options() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [''] },
        list: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        unproved: { type: 'boolean', default: false },
        parallel: { type: 'string', default: String(Math.min(4, availableParallelism())) },
      },
    })
    const parallel = Number(values.parallel)
    if (!(Number.isInteger(parallel) && parallel > 0)) throw new Error('--parallel wants a number')
    return { ...values, parallel }
  } catch (error) {
    say(`${(error as Error).message}\n${help}`)
    process.exit(2)
  }
}

const { only, list, full, unproved, parallel } = options()
const chosen = Object.entries(areas).flatMap(([area, mutations]) =>
  mutations.filter(({ name }) => only.some((text) => area === text || name.includes(text))),
)
if (!chosen.length) {
  say(`No fault is named like that. Areas: ${Object.keys(areas).join(', ')}`)
  process.exit(2)
}
if (list) for (const { name } of chosen) console.log(name)
else process.exitCode = await round()

async function round(): Promise<number> {
  let stopped = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      stopped = true
      stopTrials()
    })
  await using copies = new AsyncDisposableStack()
  const workers: Copy[] = []
  for (let n = 0; n < Math.min(parallel, chosen.length); n++) workers.push(copies.use(await Copy.of(root)))
  if (!unproved && !(await sound(workers[0] as Copy))) return stopped ? 130 : 1
  const waiting = [...chosen]
  const verdicts: Verdict[] = []
  const work = async (copy: Copy) => {
    for (let next = waiting.shift(); next && !stopped; next = waiting.shift()) {
      const verdict = await judged(copy, next, full)
      if (stopped) return
      verdicts.push(verdict)
      say(`${verdicts.length}/${chosen.length} ${shown(verdict)}`)
    }
  }
  await Promise.all(workers.map(work))
  if (stopped) return 130
  const ordered = chosen.map((mutation) => verdicts.find((one) => one.mutation === mutation) as Verdict)
  console.log(reportOf(areas, ordered))
  const caught = ordered.filter(({ outcome }) => outcome === 'caught').length
  const applied = ordered.every(({ outcome }) => outcome !== 'out of date')
  return applied && caught >= ENOUGH * ordered.length ? 0 : 1
}

/** A test that fails without a fault catches nothing. */
async function sound({ folder }: Copy): Promise<boolean> {
  const tests = [...new Set(chosen.flatMap((mutation: Mutation) => mutation.tests))]
  say(`${chosen.length} faults. First, ${tests.length} files of tests without any …`)
  const { failed, broke, timedOut } = await tried(folder, {
    tests,
    bail: true,
    workers: parallel,
    limitMs: 1_800_000,
  })
  if (!failed && !broke && !timedOut) return true
  say(`The tests fail without a fault already: ${failed ?? broke ?? 'they take too long'}`)
  return false
}
