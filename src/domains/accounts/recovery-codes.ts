import { createHash, randomInt } from 'node:crypto'

const HOW_MANY = 10
/** Without letters and digits that look alike: 32 of them, so that sixteen are 80 bits. */
const SIGNS = 'abcdefghjkmnpqrstuvwxyz023456789'

const newCode = () =>
  Array.from({ length: 4 }, () =>
    Array.from({ length: 4 }, () => SIGNS[randomInt(SIGNS.length)]).join(''),
  ).join('-')

/** For when the device is lost: each is good once. */
export const newRecoveryCodes = () => Array.from({ length: HOW_MANY }, newCode)

/** What is kept of a code, as it may be typed in; bound to the account, so that one guess is of one account. */
export function recoveryHash(account: string, typed: string): Buffer {
  const code = typed
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replaceAll('o', '0')
  return createHash('sha256').update(`recovery ${account} ${code}`).digest()
}
