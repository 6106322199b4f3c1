import { hash, verify } from '@node-rs/argon2'
import type { Config } from '#src/config.ts'
import { Turns } from '#src/platform/turns.ts'

// OWASP password storage: argon2id with 19 MiB, 2 passes, 1 lane
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const MOST = 1000

/** Hashing takes threads and memory: few at once, so that other work stays quick. */
const turns = new Turns(4)

/** argon2id, as a PHC string. */
export const hashPassword = (password: string) => turns.take(() => hash(password, parameters))

/** What a name without a password is compared with, so that it takes the same time. */
const nobody = hash('nobody has this password', parameters)

/** One verification on every path: `stored` null (no such name, no password yet) takes as long and is false. */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const against = stored ?? (await nobody)
  const matches = await turns.take(() => verify(against, password.slice(0, MOST)))
  return matches && stored !== null && password.length <= MOST
}

/** Whether the hash was made with other parameters than today's. */
export const outdated = (stored: string) =>
  !stored.startsWith(
    `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`,
  )

/** What the policy of the settings asks for and the password lacks; null where it is fine. */
export function weakness(password: string, config: Config): string | null {
  const lacks = [
    password.length < config.PASSWORD_MIN_LENGTH && `${config.PASSWORD_MIN_LENGTH} characters`,
    config.PASSWORD_REQUIRE_UPPERCASE && !/\p{Lu}/u.test(password) && 'an upper-case letter',
    config.PASSWORD_REQUIRE_LOWERCASE && !/\p{Ll}/u.test(password) && 'a lower-case letter',
    config.PASSWORD_REQUIRE_NUMBERS && !/\p{N}/u.test(password) && 'a digit',
    config.PASSWORD_REQUIRE_SPECIAL && !/[^\p{L}\p{N}]/u.test(password) && 'a special character',
  ].filter((part) => part !== false)
  return lacks.length ? `needs ${new Intl.ListFormat('en').format(lacks)}` : null
}
