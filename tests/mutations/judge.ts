import type { Copy } from '#tests/mutations/copy.ts'
import { type Mutation, mutated, NotApplicable } from '#tests/mutations/mutation.ts'
import { type Trial, tried } from '#tests/mutations/trial.ts'

/**
 * What became of a fault. Where it broke the start, or everything, nothing is shown of the wall: that is no catch, and
 * a fault that no longer fits the code is none either.
 */
export type Outcome = 'caught' | 'survived' | 'broke' | 'timed out' | 'out of date'
export type Verdict = { mutation: Mutation; outcome: Outcome; by: string; seconds: number }

/** Of all tests that a fault is given. */
const LIMIT_MS = 240_000
const WHOLE_LIMIT_MS = 1_800_000

/** Puts one fault into a copy, runs its tests, and takes it out again. @param full all tests, where its own let it through */
export async function judged(copy: Copy, mutation: Mutation, full: boolean): Promise<Verdict> {
  const began = performance.now()
  const [outcome, by] = await outcomeOf(copy, mutation, full)
  return { mutation, outcome, by, seconds: (performance.now() - began) / 1000 }
}

async function outcomeOf(copy: Copy, mutation: Mutation, full: boolean): Promise<[Outcome, string]> {
  try {
    return await copy.with(mutated(copy.folder, mutation), async () => {
      const outcome = await fate(copy, mutation.tests, LIMIT_MS)
      return outcome[0] === 'survived' && full ? fate(copy, [], WHOLE_LIMIT_MS) : outcome
    })
  } catch (error) {
    if (error instanceof NotApplicable) return ['out of date', error.message]
    throw error
  }
}

async function fate({ folder }: Copy, tests: readonly string[], limitMs: number): Promise<[Outcome, string]> {
  const found = await tried(folder, { tests, bail: true, limitMs })
  // where the very first test fails, the others have to tell a hole from a ruin
  const whole = found.failed && !found.passed ? await tried(folder, { tests, bail: false, limitMs }) : found
  return conclusion(found.timedOut ? found : whole)
}

function conclusion({ failed, passed, broke, timedOut }: Trial): [Outcome, string] {
  if (timedOut) return ['timed out', '']
  if (failed) return passed ? ['caught', failed] : ['broke', `nothing works any more: ${failed}`]
  return broke ? ['broke', gist(broke)] : ['survived', '']
}

/** The first lines of what was said, without the way through the code. */
const gist = (said: string) =>
  said
    .split('\n')
    .filter((line) => line.trim() && !/^\s*(❯|at )/.test(line))
    .slice(0, 8)
    .join('\n')
