import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { accountOf, because, breaking, type Operator, Refused, record } from '#src/cli/operations/accounts.ts'
import type { DB } from '#src/db/types.ts'
import { normalised } from '#src/domains/accounts/model.ts'

/** Whose sessions: of a user name or address, of an organization by its slug, or of everyone. */
export type Whose = { user: string } | { organization: string } | 'everyone'

/** Ends sessions within a second, everywhere: browsers and programs, and what they could be renewed with. */
export const revokeSessions = (db: Kysely<DB>, whose: Whose, by: Operator): Promise<number> =>
  breaking(db, by, (tx) => {
    if (whose === 'everyone') return ofOrganizations(tx, sql`true`, by)
    return 'user' in whose ? ofAccount(tx, normalised(whose.user), by) : ofSlug(tx, whose.organization, by)
  })

async function ofAccount(tx: Transaction<DB>, name: string, by: Operator): Promise<number> {
  const account = await accountOf(tx, name)
  if (!account) throw new Refused(`${name} is not a user name or e-mail address of an account.`)
  const { id } = account
  const theirs = sql`(account_id = ${id} or (org_id, impersonator_id) in (select org_id, id from users where account_id = ${id}))`
  const ended = (await end(tx, theirs)).length
  await record(tx, by, id, 'account:end_sessions', { sessions_ended: ended })
  return ended
}

async function ofSlug(tx: Transaction<DB>, slug: string, by: Operator): Promise<number> {
  const found = tx.selectFrom('organizations').where('slug', '=', slug).select('id')
  const org = await found.executeTakeFirst()
  if (!org) throw new Refused(`No organization ${slug}.`)
  return ofOrganizations(tx, sql`org_id = ${org.id}`, by)
}

/** With a line in the trail of each organization where any ended. */
async function ofOrganizations(
  tx: Transaction<DB>,
  where: RawBuilder<unknown>,
  by: Operator,
): Promise<number> {
  const ended = await end(tx, where)
  const counts = Map.groupBy(ended, ({ org_id }) => org_id)
  const lines = [...counts].map(([org_id, { length }]) => ({
    org_id,
    via: 'cli',
    reason: because(by),
    action: 'organization:end_sessions',
    target_type: 'organization',
    target_id: org_id,
    data: JSON.stringify({ sessions_ended: length }),
  }))
  if (lines.length) await tx.insertInto('events').values(lines).execute()
  return ended.length
}

async function end(tx: Transaction<DB>, where: RawBuilder<unknown>): Promise<{ org_id: string }[]> {
  const { rows } = await sql<{ org_id: string }>`update sessions set revoked_at = now()
    where revoked_at is null and expires_at > now() and ${where} returning org_id`.execute(tx)
  return rows
}
