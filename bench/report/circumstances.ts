import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { root } from '#src/config.ts'
import { CONNECTIONS } from '../measure/load.ts'
import { core } from '../measure/server.ts'
import type { Options } from '../options.ts'
import type { Circumstances } from './table.ts'

/** Processes that wanted to run in the minute before the bench, so that it shows what else the machine did. */
const busy = loadavg()[0] ?? 0

/** When, of what and on what was measured. */
export function circumstances(postgres: string, { rounds, seconds }: Options): Circumstances {
  const cores = availableParallelism()
  const memory = Math.round(totalmem() / 1024 ** 3)
  const pinned = core
    ? `both servers on core ${core} alone, PostgreSQL and the load on all`
    : 'nothing pinned to a core'
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: `${cores} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory} GB`,
    versions: `Node ${process.versions.node}, PostgreSQL ${postgres}`,
    how: `${CONNECTIONS} connections, ${rounds} interleaved rounds of ${seconds} s, ${pinned}; load average before it began: ${busy.toFixed(1)}.`,
  }
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'migrations', 'bench/floor') !== ''
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with changes' : '')
  } catch {
    return 'unknown'
  }
}
