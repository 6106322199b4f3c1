import { sql } from 'kysely'
import { rightsFrom, type UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { covers } from '#src/access/granting.ts'
import { forKeys } from '#src/access/narrowing.ts'
import { parsePermission } from '#src/access/permission.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import { conflict, Forbidden, invalid } from '#src/errors.ts'

type Held = { permissions: string[]; readGroups: string[]; writeGroups: string[] }

/**
 * Who may hold the secret of a key with this list: for oneself, whoever has all of it; for a service account,
 * whoever is not weaker than the account, and may do all that the key will, where it will. A person's keys are made
 * by that person, who then is who acts by them.
 * @throws {Forbidden}
 * @throws {Invalid} at a permission that a key can't have
 */
export async function requireMaking(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'api_key'>,
  owner: string,
  codes: readonly string[],
): Promise<void> {
  const wanted = `${grant.model}:${grant.action}`
  requireInPerson(actor, wanted)
  const never = codes.find((code) => !forKeys(code))
  if (never) throw invalid([{ path: 'permissions', message: `${never} is for people, not for keys` }])
  if (owner === actor.userId) {
    if (!covers(actor.rights.scopes, codes)) throw tooMuch(wanted)
  } else await requireMakingForOther(tx, actor, grant, owner, codes)
}

/** Of a person, or of a service account: what nobody counts, nobody misses. */
const MOST = 50

/** Before one more is made; whoever makes one for the same owner waits. @throws {Conflict} */
export async function requireRoom(tx: Tx, owner: string): Promise<void> {
  await lockFor(tx, `api keys of ${owner}`)
  const keys = tx.selectFrom('api_keys').where('user_id', '=', owner).where('revoked_at', 'is', null)
  const { count } = await keys.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  if (Number(count) >= MOST)
    throw conflict('', `${MOST} API keys is the limit. Revoke one you no longer use.`)
}

/** Neither as somebody else nor by a key, and at home: what is made outlasts such a stay. @throws {Forbidden} */
export function requireInPerson({ isRestricted, identity }: UserActor, wanted: string): void {
  if (isRestricted) throw new Forbidden(wanted, 'Only the person themselves can do this.')
  if (identity.home)
    throw new Forbidden(wanted, 'Leave this organization first: a key would outlast your stay.')
}

const tooMuch = (wanted: string) => new Forbidden(wanted, 'You can only give a key permissions you have.')

async function requireMakingForOther(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'api_key'>,
  owner: string,
  codes: readonly string[],
): Promise<void> {
  const wanted = `${grant.model}:${grant.action}`
  if (!grant.all) throw new Forbidden(wanted, 'You can only create keys for yourself.')
  const account = await tx
    .selectFrom('users')
    .where('id', '=', owner)
    .where('deleted_at', 'is', null)
    .where(actor.find('user:read')?.where() ?? sql<boolean>`false`)
    .select(['kind', sql<Held>`app.rights_of(id)`.as('held')])
    .forShare()
    .executeTakeFirst()
  if (!account) throw invalid([{ path: 'user_id', message: 'doesn’t exist, or you don’t have access' }])
  if (account.kind !== 'service') throw new Forbidden(wanted, 'People create their own keys.')
  await requireNotStronger(tx, actor, owner, 'create API keys for it')
  const { permissions, readGroups, writeGroups } = account.held
  if (!covers(rightsFrom(permissions, readGroups, writeGroups).scopes, codes))
    throw invalid([{ path: 'permissions', message: 'Choose permissions that the service account has' }])
  if (!codes.every((code) => reaches(actor, code, account.held))) throw tooMuch(wanted)
}

/** Whether the maker may do there, too, what the account may: its groups are not theirs, and its own rows neither. */
function reaches({ rights }: UserActor, code: string, held: Held): boolean {
  const parsed = parsePermission(code)
  if (!parsed) return false
  const { model, action, scope } = parsed
  const scopes = rights.scopes.get(`${model}:${action}`)
  if (scopes?.has('all')) return true
  if (scope !== 'group' || !scopes?.has('group')) return false
  return action === 'read'
    ? held.readGroups.every((id) => rights.readGroups.includes(id))
    : held.writeGroups.every((id) => rights.writeGroups.includes(id))
}
