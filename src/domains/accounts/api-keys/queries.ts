import { sql } from 'kysely'
import { rightsFrom, type UserActor } from '#src/access/actor.ts'
import { covers } from '#src/access/granting.ts'
import { counting, forKeys } from '#src/access/narrowing.ts'
import { inactiveReason } from '#src/access/standing.ts'
import type { Door } from '#src/db/database.ts'
import { apiKeys, type KeyEffect, type KeyRecord } from '#src/domains/accounts/api-keys/model.ts'
import { statement } from '#src/resource/list/query.ts'
import { recordJson } from '#src/resource/list/source.ts'

/** Somebody's keys as far as the reader sees them, those in use first; null for who may see none at all. */
export async function keysOf(db: Door, actor: UserActor, userId: string): Promise<KeyRecord[] | null> {
  const grant = actor.find('api_key:read')
  if (!grant) return null
  const rows = await db.readAs(actor, (q) =>
    q
      .selectFrom('api_keys')
      .where(grant.where())
      .where('api_keys.user_id', '=', userId)
      .select(recordJson(apiKeys, actor).as('json'))
      .orderBy('api_keys.status')
      .orderBy('api_keys.created_at', 'desc')
      .limit(200),
  )
  return rows.map(({ json }) => JSON.parse(json))
}

type Account = { id: string; name: string; held: string[] }

/** A service account that keys are made for, with what it has now. */
export async function accountFor(db: Door, actor: UserActor, id: string): Promise<Account | null> {
  const text = sql<Account>`select u.id, u.username as name, app.rights_of(u.id) -> 'permissions' as held from users u
    where u.id = ${id} and u.kind = 'service' and u.deleted_at is null and ${actor.find('user:read')?.where('u') ?? sql`false`}`
  const [found] = await db.readAs<Account>(actor, (q) => statement(q, text))
  return found ?? null
}

/** Permissions that may be chosen for a key: those that its owner has now, and its maker. */
export async function offeredFor(db: Door, actor: UserActor, account: Account | null): Promise<string[]> {
  const rows = await db.readAs(actor, (q) =>
    q.selectFrom('permissions').where('status', '=', 'active').select('code').orderBy('code'),
  )
  const owners = account ? rightsFrom(account.held, [], []).scopes : actor.rights.scopes
  return rows
    .map(({ code }) => code)
    .filter((code) => forKeys(code) && covers(owners, [code]) && covers(actor.rights.scopes, [code]))
}

type OwnerAccess = {
  inactive: string | null
  name: string
  held: string[]
  described: { code: string; description: string }[]
}

/** What a key may do just now: of what was chosen, that which its owner still has. */
export async function effectOf(db: Door, actor: UserActor, key: KeyRecord): Promise<KeyEffect> {
  const text = sql<OwnerAccess>`select ${inactiveReason} as inactive, u.username as name, app.rights_of(u.id) -> 'permissions' as held,
      (select coalesce(json_agg(json_build_object('code', p.code, 'description', p.description)), '[]')
        from permissions p where p.code = any(${key.permissions})) as described
    from users u where u.id = ${key.user_id}`
  const [found] = await db.readAs<OwnerAccess>(actor, (q) => statement(q, text))
  const {
    inactive = 'isn’t in this organization',
    name = 'Its owner',
    held = [],
    described = [],
  } = found ?? {}
  const state = key.status
  const reason =
    state === 'active'
      ? inactive
        ? `${name} ${inactive}`
        : undefined
      : `The key ${state === 'revoked' ? 'was revoked' : 'has expired'}`
  const counts = new Set(reason ? [] : counting(rightsFrom(held, [], []), key.permissions))
  const descriptions = new Map(described.map(({ code, description }) => [code, description]))
  return {
    active: reason === undefined,
    ...(reason ? { reason } : {}),
    data: key.permissions.map((code) => ({
      code,
      description: descriptions.get(code) ?? '',
      held: counts.has(code),
    })),
  }
}
