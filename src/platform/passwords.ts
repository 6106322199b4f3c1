import { setTimeout as sleep } from 'node:timers/promises'
import { hashed } from '#src/platform/hashing.ts'

// OWASP password storage: argon2id with 19 MiB, 2 passes, 1 lane
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const MOST = 1000

/** Normalizes what different keyboards send for the same letters (RFC 8265, 4.2.2). */
const typed = (password: string) => password.normalize('NFC')

/**
 * argon2id, as a PHC string.
 * @throws {Busy} if too many hashes are waiting already
 */
export async function hashPassword(password: string): Promise<string> {
  const { made } = await hashed({ password: typed(password), by: parameters })
  return made as string
}

/** Recent median duration of a verification with today's parameters, in ms. */
let usual = 0
let nobody: Promise<string> | undefined
/** A hash to compare with if a name has no password, so that it takes the same time; made on first use. */
function nobodys(): Promise<string> {
  nobody ??= hashed({ password: 'no one has this password', by: parameters }).then(
    ({ made, took }) => {
      usual = took
      return made as string
    },
    (error) => {
      nobody = undefined
      throw error
    },
  )
  return nobody
}

/**
 * Takes the same time on every path: `stored` null (no such name, no password yet) is false after as long. A hash with
 * weaker parameters is padded, since a quicker answer would reveal that the name exists.
 * @throws {Busy} if too many hashes are waiting already, whatever the name
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const substitute = await nobodys()
  const against = stored ?? substitute
  const { made, took } = await hashed({ password: typed(password).slice(0, MOST), stored: against })
  if (!outdated(against)) usual *= took > usual ? 1.05 : 0.95
  else if (took < usual) await sleep(usual - took)
  return made === true && stored !== null && password.length <= MOST
}

/** Whether the hash was made with other parameters than today's. */
export const outdated = (stored: string) =>
  !stored.startsWith(
    `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`,
  )
