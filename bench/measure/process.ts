import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts processor time in hundredths of a second, on every Linux that Node runs on. */
const TICK_MS = 10

/** Processor time (user and system) of a process, in ms. */
export const cpuOf = (pid: number): number => timesOf(pid).own

/** Of PostgreSQL: the postmaster, its ended children and those that live. */
export function cpuOfFamily(parent: number): number {
  const { own, waited } = timesOf(parent)
  return childrenOf(parent).reduce((sum, pid) => sum + timesOf(pid).own, own + waited)
}

function timesOf(pid: number): { own: number; waited: number; parent: number } {
  const stat = read(`/proc/${pid}/stat`)
  // the name of the program, in parentheses, may have spaces
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [parent = 0, user = 0, system = 0, waitedUser = 0, waitedSystem = 0] = [1, 11, 12, 13, 14].map(
    (at) => fields[at],
  )
  return { own: (user + system) * TICK_MS, waited: (waitedUser + waitedSystem) * TICK_MS, parent }
}

const childrenOf = (parent: number) =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && timesOf(pid).parent === parent)

/** Memory that a process holds now, and the most that it has held, in MB. */
export function memoryOf(pid: number): { now: number; most: number } {
  const status = read(`/proc/${pid}/status`)
  const kb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
  return { now: Math.round(kb('VmRSS') / 1024), most: Math.round(kb('VmHWM') / 1024) }
}

export const parentOf = (pid: number): number => timesOf(pid).parent

/** Empty for a process that has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
