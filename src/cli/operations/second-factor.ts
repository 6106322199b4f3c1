import type { Kysely } from 'kysely'
import {
  accountOf,
  breaking,
  endControl,
  type Operator,
  Refused,
  record,
} from '#src/cli/operations/accounts.ts'
import type { DB } from '#src/db/types.ts'
import { normalised } from '#src/domains/accounts/model.ts'

/** Takes a second factor away, for whoever lost the app and the recovery codes; all sessions end. */
export async function resetSecondFactor(db: Kysely<DB>, given: string, by: Operator) {
  const name = normalised(given)
  return breaking(db, by, async (tx) => {
    const account = await accountOf(tx, name)
    if (!account) throw new Refused(`${name} is not a user name or e-mail address of an account.`)
    const { numDeletedRows } = await tx
      .deleteFrom('totp_credentials')
      .where('account_id', '=', account.id)
      .executeTakeFirst()
    if (!numDeletedRows) throw new Refused(`${account.username} doesn’t use two-step verification.`)
    await tx.deleteFrom('recovery_codes').where('account_id', '=', account.id).execute()
    const sessions_ended = await endControl(tx, account.id)
    await record(tx, by, account.id, 'account:reset_second_factor', { sessions_ended })
    return { account: account.id, username: account.username, sessions_ended }
  })
}
