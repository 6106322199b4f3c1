import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { recoveryHash } from '#src/domains/accounts/recovery-codes.ts'
import { stepOf } from '#src/domains/accounts/totp.ts'
import { Vault } from '#src/platform/vault.ts'

/** What the database knows of an account's second factor: its secret, sealed, and the half minute by its clock. */
export type Known = { account: string; factor: string | null; step: number }

/** What a code is for, which the database uses up; neither where it is for nothing. */
export type UsedCode = { step: number | null; recovery: Buffer | null }
export const NOTHING_GIVEN: UsedCode = { step: null, recovery: null }

export const WRONG_CODE = 'That code isn’t right. Enter the 6 digits your app shows now.'

export const vaultOf = (config: Config) => new Vault(config, 'second factor')

/** What was typed: a code of the app, or one of those for when the device is lost. */
export async function givenBy(
  config: Config,
  { account, factor, step }: Known,
  typed: string,
): Promise<UsedCode> {
  const digits = typed.replace(/\s/g, '')
  if (!/^\d{6}$/.test(digits)) return { step: null, recovery: recoveryHash(account, typed) }
  const secret = factor && vaultOf(config).open(Buffer.from(factor, 'base64'), account)
  return { step: secret ? await stepOf(secret.content, digits, step) : null, recovery: null }
}

/** Under today's key, where the one before sealed it: once a code of it was right. */
export async function resealed(db: Door, config: Config, { account, factor }: Known): Promise<void> {
  const was = factor === null ? null : Buffer.from(factor, 'base64')
  const secret = was ? vaultOf(config).open(was, account) : null
  if (!secret?.outdated) return
  const becomes = vaultOf(config).seal(secret.content, account)
  await db.lookup(fn.reseal_second_factor({ account, was, becomes }))
}
