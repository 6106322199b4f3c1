import { setTimeout as sleep } from 'node:timers/promises'
import { hash, verify } from '@node-rs/argon2'
import { Turns } from '#src/platform/turns.ts'

// OWASP password storage: argon2id with 19 MiB, 2 passes, 1 lane
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const MOST = 1000

/** Hashing takes threads and memory: few at once, so that other work stays quick. */
const turns = new Turns(4)

/** One form for all that keyboards send for the same letters (RFC 8265, 4.2.2). */
const typed = (password: string) => password.normalize('NFC')

/** argon2id, as a PHC string. */
export const hashPassword = (password: string) => turns.take(() => hash(typed(password), parameters))

const begun = performance.now()
/** How long one verification takes here by today's parameters, in ms: about the median of late. */
let usual = 0
/** What a name without a password is compared with, so that it takes the same time. */
const nobody = hash('nobody has this password', parameters).then((made) => {
  usual = performance.now() - begun
  return made
})

/**
 * One verification on every path: `stored` null (no such name, no password yet) takes as long and is false. So does a hash
 * by weaker parameters, which would be quicker and tell that somebody has the name.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const against = stored ?? (await nobody)
  const { matches, took } = await turns.take(async () => {
    const start = performance.now()
    const matches = await verify(against, typed(password).slice(0, MOST))
    return { matches, took: performance.now() - start }
  })
  if (!outdated(against)) usual *= took > usual ? 1.05 : 0.95
  else if (took < usual) await sleep(usual - took)
  return matches && stored !== null && password.length <= MOST
}

/** Whether the hash was made with other parameters than today's. */
export const outdated = (stored: string) =>
  !stored.startsWith(
    `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`,
  )
