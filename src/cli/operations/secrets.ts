import { type Kysely, sql, type Transaction } from 'kysely'
import { breaking, type Operator, record } from '#src/cli/operations/accounts.ts'
import type { Config } from '#src/config.ts'
import type { DB } from '#src/db/types.ts'
import { vaultOf } from '#src/domains/accounts/code.ts'

const AT_ONCE = 1000
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Seals the secrets of second factors anew that the key before sealed. */
export const resealSecrets = (
  db: Kysely<DB>,
  config: Config,
  by: Operator,
): Promise<{ sealed: number; lost: number }> =>
  breaking(db, by, async (tx) => {
    const done = { sealed: 0, lost: 0 }
    for (let after: string | null = NOBODY; after; ) after = await piece(tx, config, after, done)
    await record(tx, by, null, 'secrets:rotate', done)
    return done
  })

/** The next accounts, in their order. @returns the last of them; null where none was left */
async function piece(
  tx: Transaction<DB>,
  config: Config,
  after: string,
  done: { sealed: number; lost: number },
): Promise<string | null> {
  const vault = vaultOf(config)
  const rows = await tx
    .selectFrom('totp_credentials')
    .select(['account_id', 'secret'])
    .where('account_id', '>', after)
    .orderBy('account_id')
    .limit(AT_ONCE)
    .forUpdate()
    .execute()
  const anew: { id: string; secret: string }[] = []
  for (const { account_id, secret } of rows) {
    const found = vault.open(secret, account_id)
    if (!found) done.lost++
    else if (found.outdated)
      anew.push({ id: account_id, secret: vault.seal(found.content, account_id).toString('base64') })
  }
  done.sealed += anew.length
  await sql`update totp_credentials t set secret = decode(n.secret, 'base64')
    from json_to_recordset(${JSON.stringify(anew)}) n(id uuid, secret text) where t.account_id = n.id`.execute(
    tx,
  )
  return rows.at(-1)?.account_id ?? null
}
