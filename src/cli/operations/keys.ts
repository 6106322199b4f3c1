import { type Kysely, sql } from 'kysely'
import { isApiKey } from '#src/access/api-key.ts'
import { breaking, type Operator, Refused } from '#src/cli/operations/accounts.ts'
import type { DB } from '#src/db/types.ts'
import { normalised } from '#src/domains/accounts/model.ts'
import { tokenHash } from '#src/platform/token.ts'

/** Which keys: one by what it begins with, one by its whole secret, or all of a person or service account. */
export type Which = { prefix: string } | { secret: string } | { name: string; organization: string | null }

export type Revoked = { id: string; name: string; prefix: string; user: string; organization: string }

/** Ends keys for good; those that were revoked before are left as they are. @throws {Refused} where none is found */
export async function revokeKeys(db: Kysely<DB>, which: Which, by: Operator): Promise<Revoked[]> {
  if ('secret' in which && !isApiKey(which.secret))
    throw new Refused('This isn’t an API key: its checksum is wrong.')
  return breaking(db, by, async (tx) => {
    const { rows } = await sql<Revoked>`
      update api_keys k set revoked_at = now() from users u, organizations o
      where k.revoked_at is null and u.org_id = k.org_id and u.id = k.user_id and o.id = k.org_id and ${condition(which)}
      returning k.id, k.name, k.prefix, u.username as user, o.slug as organization`.execute(tx)
    if (!rows.length) throw new Refused('No active key matches.')
    return rows
  })
}

function condition(which: Which) {
  if ('prefix' in which) return sql`${which.prefix} in (k.prefix, k.former_prefix, k.id::text)`
  if ('secret' in which) return sql`${tokenHash(which.secret)} in (k.hash, k.former_hash)`
  const { organization } = which
  const name = normalised(which.name)
  // a service account has an empty address
  const named = sql`${name} <> '' and ${name} in (u.username, u.email)`
  return organization === null ? named : sql`${named} and o.slug = ${organization}`
}
