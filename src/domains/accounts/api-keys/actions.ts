import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { newApiKey, prefixOf } from '#src/access/api-key.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { requireInPerson, requireMaking, requireRoom } from '#src/domains/accounts/api-keys/create-actions.ts'
import {
  apiKeys,
  type KeyChange,
  type KeyRecord,
  keyOf,
  type NewKey,
} from '#src/domains/accounts/api-keys/model.ts'
import { conflict, invalid } from '#src/errors.ts'
import { tokenHash } from '#src/platform/token.ts'
import {
  changedOf,
  createRecord,
  type Fields,
  lockRecord,
  reloadRecord,
  type SavedRecord,
  type Target,
  writeRecord,
} from '#src/resource/record/write.ts'

/** With the secret, which is stored nowhere. */
export type Made = SavedRecord & { secret: string }

const asCidrs = (ranges: readonly string[]) =>
  sql`array(select network(a::inet) from unnest(${ranges}::text[]) a)::cidr[]`

/** Whether a key has just these ranges, however they are written. */
async function areThose(tx: Tx, id: string, ranges: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ same: boolean }>`
    select allowed_addresses = ${asCidrs(ranges)} as same from api_keys where id = ${id}`.execute(tx)
  return rows[0]?.same === true
}

/** As exactly as a form knows an end: another in the same second is none. */
const secondOf = (end: string) => Math.floor(Date.parse(end) / 1000)

/** Makes a key for oneself, or for a service account. */
export async function createKey(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'api_key', 'create'>,
  { user_id = actor.userId, allowed_addresses, expires_at, ...input }: NewKey,
): Promise<Made> {
  await requireMaking(tx, actor, grant, user_id, input.permissions)
  await requireRoom(tx, user_id)
  const secret = newApiKey()
  const made = await createRecord(tx, apiKeys, actor, grant, {
    ...input,
    user_id,
    expires_at: endOf(actor, expires_at, null),
    allowed_addresses: asCidrs(allowed_addresses),
    prefix: prefixOf(secret),
    hash: tokenHash(secret),
  })
  return { ...made, secret }
}

/** Somebody's key is changed and ended by nobody weaker than them. */
async function requireOver(tx: Tx, actor: UserActor, { user_id }: KeyRecord, doing: string): Promise<void> {
  if (user_id !== actor.userId) await requireNotStronger(tx, actor, user_id, doing)
}

/** Changes what is named. The list only gets shorter: for more, another key is made. */
export async function updateKey(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'api_key', 'update'>,
  id: string,
  { allowed_addresses, expires_at, ...change }: KeyChange,
  version: number | null,
): Promise<SavedRecord> {
  const target = await lockRecord(tx, apiKeys, actor, grant, id, { version })
  const was = unrevoked(keyOf(target.row()))
  const values: Fields = changedOf(change, { ...was, permissions: [...was.permissions].sort() })
  if (change.permissions?.some((code) => !was.permissions.includes(code)))
    throw invalid([
      { path: 'permissions', message: 'You can only remove permissions. For more, create a new key' },
    ])
  if (expires_at !== undefined) {
    const end = endOf(actor, expires_at, was.expires_at)
    if (end !== was.expires_at) values.expires_at = end
  }
  if (allowed_addresses && !(await areThose(tx, id, allowed_addresses)))
    values.allowed_addresses = asCidrs(allowed_addresses)
  if (!Object.keys(values).length) return { ...target, unchanged: true }
  await requireOver(tx, actor, was, 'change their API keys')
  return writeRecord(tx, apiKeys, actor, grant, id, values)
}

/**
 * When a key ends. The last day as its form shows it leaves the end as it was, which may be within that day.
 * @throws {Invalid} for what is over
 */
function endOf({ clock }: UserActor, sent: string | null, was: string | null): string | null {
  if (sent === null) return null
  const end = clock.moment(sent)
  if (was !== null && (sent === clock.lastDay(was) || secondOf(end) === secondOf(was))) return was
  if (Date.parse(end) <= Date.now())
    throw invalid([{ path: 'expires_at', message: 'Choose a date in the future' }])
  return end
}

function unrevoked(key: KeyRecord): KeyRecord {
  if (key.status === 'revoked') throw conflict('', 'This key was revoked.')
  return key
}

/**
 * Gives a key another secret; the former one works on for some hours, so that it can be exchanged where it is used.
 * Two secrets work at most.
 */
export async function rotateKey(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'api_key', 'update'>,
  id: string,
  { overlap_hours }: { overlap_hours: number },
  version: number | null,
): Promise<Made> {
  const target = await lockRecord(tx, apiKeys, actor, grant, id, { version })
  const key = unrevoked(keyOf(target.row()))
  if (key.status === 'expired') throw conflict('', 'This key has expired: change its expiry first.')
  requireInPerson(actor, 'api_key:update')
  if (key.user_id !== actor.userId) await requireMaking(tx, actor, grant, key.user_id, key.permissions)
  if (key.former && overlap_hours > 0)
    throw conflict('overlap_hours', 'Enter 0: the previous secret still works, and stops now')
  const secret = newApiKey()
  const former = overlap_hours
    ? sql`former_prefix = prefix, former_hash = hash, former_expires_at = now() + make_interval(hours => ${overlap_hours})`
    : sql`former_prefix = null, former_hash = null, former_expires_at = null`
  await sql`update api_keys set ${former}, prefix = ${prefixOf(secret)}, hash = ${tokenHash(secret)} where id = ${id}`.execute(
    tx,
  )
  return { ...(await reloadRecord(tx, apiKeys, actor, id)), secret }
}

/** Ends a key for good, from the next request on; again it changes nothing. */
export async function revokeKey(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'api_key', 'delete'>,
  id: string,
  version: number | null = null,
): Promise<Target> {
  const target = await lockRecord(tx, apiKeys, actor, grant, id, { version })
  await requireOver(tx, actor, keyOf(target.row()), 'revoke their API keys')
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { ...target, unchanged: !numUpdatedRows }
}
