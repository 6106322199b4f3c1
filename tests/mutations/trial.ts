import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** What tests say of a copy. */
export type Trial = {
  passed: number
  /** The first test that failed: its file and its name. */
  failed: string | null
  /** What broke outside of any test: a start, a file that can't be loaded. */
  broke: string | null
  timedOut: boolean
}

type Report = {
  success: boolean
  numPassedTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string; status: string }[]
  }[]
}

const running = new Set<ChildProcess>()
let stopped = false

/** Ends what runs. The tests' database server ends by itself once nobody holds its leash. */
export function stopTrials(): void {
  stopped = true
  for (const child of running) end(child)
}

const end = ({ pid }: ChildProcess) => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {} // gone already
}

export type Options = {
  /** Files; all where it is empty. */
  tests: readonly string[]
  /** Stops at the first test that fails. */
  bail: boolean
  workers?: number
  limitMs: number
}

/** Runs tests in a copy of the project, to their end or to their limit. */
export async function tried(folder: string, { tests, bail, workers = 1, limitMs }: Options): Promise<Trial> {
  const output = join(folder, 'trial.json')
  await rm(output, { force: true })
  const args = ['run', '--reporter=json', `--outputFile=${output}`, `--maxWorkers=${workers}`]
  const child = spawn(
    process.execPath,
    [join(folder, 'node_modules/vitest/vitest.mjs'), ...args, ...(bail ? ['--bail=1'] : []), ...tests],
    // a group of its own, so that what a test has started ends with it
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, NO_COLOR: '1' },
    },
  )
  if (stopped) end(child)
  running.add(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => (said = (said + piece).slice(-4000)))
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end(child)
  }, limitMs)
  await once(child, 'close')
  clearTimeout(timer)
  running.delete(child)
  const report = await readFile(output, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => null,
  )
  return { ...verdict(folder, report, said), timedOut }
}

function verdict(folder: string, report: Report | null, said: string): Omit<Trial, 'timedOut'> {
  if (!report) return { passed: 0, failed: null, broke: said.trim() || 'vitest said nothing' }
  const failures = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${name.slice(folder.length + 1)} › ${fullName}`),
  )
  const broken = report.testResults.find(({ status, message }) => status === 'failed' && message)
  const broke = broken?.message ?? (report.success || failures.length ? null : said.trim())
  return { passed: report.numPassedTests, failed: failures[0] ?? null, broke }
}
