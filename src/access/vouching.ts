import { sql } from 'kysely'
import { rightsFrom, UserActor } from '#src/access/actor.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

type Voucher = {
  permissions: string[]
  readGroups: string[]
  writeGroups: string[]
  leadGroups: string[]
  username: string
  shadow: boolean
}

/**
 * Somebody of the organization with the rights of now, to decide by what they may give, never to act as them; null for
 * who may not sign in (any more).
 */
export async function whoVouches(tx: Tx, userId: string): Promise<UserActor | null> {
  const { rows } = await sql<{ org: string; found: Voucher | null }>`
    select app.org_id() as org, ${fn.standing_rights({ person: userId })} as found`.execute(tx)
  const { org = '', found = null } = rows[0] ?? {}
  if (!found) return null
  const { permissions, readGroups, writeGroups, leadGroups, username, shadow } = found
  const identity = {
    sessionId: '',
    sessionKind: 'token' as const,
    accountId: null,
    apiKey: null,
    userId,
    username,
    name: '',
    timeZone: null,
    locale: null,
    organization: { id: org, name: '', slug: '', kind: 'tenant' as const },
    home: shadow ? { orgId: '', userId: '', organizationName: '' } : null,
    elsewhere: false,
    impersonatorId: null,
    missingFactor: null,
    rights: rightsFrom(permissions, readGroups, writeGroups, leadGroups),
  }
  return new UserActor(identity, { via: 'web', requestId: '', ip: null })
}
