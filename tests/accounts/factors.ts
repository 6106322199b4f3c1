import { sql } from 'kysely'
import { newRecoveryCodes, recoveryHash } from '#src/domains/accounts/recovery-codes.ts'
import { codeAt, newTotpSecret } from '#src/domains/accounts/totp.ts'
import { Vault } from '#src/platform/vault.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, config } = await testDatabase()

/** The second factor of somebody, as their app and their note of recovery codes have it. */
export type Factor = { secret: Uint8Array; recovery: string[] }

/** Gives somebody a second factor as if they had set it up; their sessions have passed it where `passed`. */
export async function withFactor(
  { accountId }: Pick<Person, 'accountId'>,
  { passed = true, secrets = config }: { passed?: boolean; secrets?: { SECRET_KEY: string } } = {},
): Promise<Factor> {
  const secret = newTotpSecret()
  const recovery = newRecoveryCodes()
  const sealed = new Vault(secrets, 'second factor').seal(secret, accountId)
  await owner
    .insertInto('totp_credentials')
    .values({ account_id: accountId, secret: sealed, last_step: 0 })
    .execute()
  const hashes = recovery.map((code) => ({ account_id: accountId, hash: recoveryHash(accountId, code) }))
  await owner.insertInto('recovery_codes').values(hashes).execute()
  if (passed) {
    const sessions = owner.updateTable('sessions').set({ second_factor_at: sql<string>`now()` })
    await sessions.where('account_id', '=', accountId).execute()
  }
  return { secret, recovery }
}

/** What an app makes of what it was shown. */
export const secretOf = ({ uri }: { uri: string }) => {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...(new URL(uri).searchParams.get('secret') ?? '')].map((sign) =>
    signs.indexOf(sign).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** Which half minute it is, by the database's clock. */
export async function stepNow(): Promise<number> {
  const { rows } = await sql<{ step: number }>`
    select floor(extract(epoch from clock_timestamp()) / 30)::int as step`.execute(owner)
  return rows[0]?.step as number
}

/** What the app shows now, or so many half minutes later. */
export const codeOf = async ({ secret }: Pick<Factor, 'secret'>, later = 0) =>
  codeAt(secret, (await stepNow()) + later)

/** Lets codes that were used count as unused: tests don't wait for half minutes. */
export async function anew({ accountId }: Pick<Person, 'accountId'>): Promise<void> {
  await owner
    .updateTable('totp_credentials')
    .set({ last_step: 0 })
    .where('account_id', '=', accountId)
    .execute()
}

/** A code that is none of those that count now. */
export async function wrongCode(factor: Factor): Promise<string> {
  const right = await Promise.all([-2, -1, 0, 1, 2].map((later) => codeOf(factor, later)))
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find(
    (code) => !right.includes(code),
  ) as string
}
