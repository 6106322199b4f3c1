import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { isStronger, type Strength, strengthOf, strongerThanYou } from '#src/access/strength.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { users } from '#src/domains/people/users/model.ts'
import { Forbidden } from '#src/errors.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { statement } from '#src/resource/list/query.ts'

/** How somebody stands to the actor: whether nothing can be done to them, and else what can be ended. */
export type AccountState = {
  stronger: boolean
  lockedUntil: string | null
  /** Of an account that the organization manages. */
  secondFactor: boolean
}

export async function standingTo(db: Door, actor: UserActor, id: string): Promise<AccountState> {
  const strength = strengthOf(actor, sql`${id}::uuid`).as('strength')
  const lock = fn.account_lock<{ until: string } | null>({ person: id }).as('lock')
  const factor = fn.has_second_factor({ person: id }).as('factor')
  const [found] = await db.readAs(actor, (q) => q.selectNoFrom([strength, lock, factor]))
  const stronger = id !== actor.userId && isStronger(actor, found?.strength as Strength)
  return { stronger, lockedUntil: found?.lock?.until ?? null, secondFactor: found?.factor ?? false }
}

/** What ends with people who are to go: sessions that are open, and keys that work. */
export async function endingWith(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  grant: Grant<'user', 'delete'>,
  ids: readonly string[],
): Promise<{ sessions: number; keys: number; groups: number }> {
  const text = sql<{ sessions: number; keys: number; groups: number }>`
    with going as (select u.id from users u where u.id = any(${ids}::uuid[]) and u.deleted_at is null and ${grant.where('u')})
    select (select count(*)::int from going join sessions s on s.user_id = going.id where s.revoked_at is null and s.expires_at > now()
          and s.last_seen_at + s.idle_timeout > now()) as sessions,
      (select count(*)::int from going join api_keys k on k.user_id = going.id
        where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())) as keys,
      (select count(distinct (m.user_id, m.group_id))::int from going join group_members m on m.user_id = going.id
        join groups g on g.id = m.group_id and g.deleted_at is null) as groups`
  const [found] = await db.readAs(actor, (q) => statement(q, text))
  return found ?? { sessions: 0, keys: 0, groups: 0 }
}

/** So that nobody fills in a form that is refused. @throws {Forbidden} */
export async function requireEditable(db: Door, actor: UserActor, row: RecordRow): Promise<void> {
  const { stronger } = await standingTo(db, actor, row.id)
  if (stronger)
    throw new Forbidden('role:assign', strongerThanYou(users.titleOf(row), 'change their details'))
}
