import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, type Grant } from '#src/access/grant.ts'
import { isStronger, type Strength, strengthOf, strongerThanYou } from '#src/access/strength.ts'
import type { Db, Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { users } from '#src/domains/users/model.ts'
import type { Row } from '#src/resource/resource.ts'

/** Groups to offer in a form. */
export const offeredGroups = (db: Db, grant: Grant<'group', 'read'>) =>
  db
    .selectFrom('groups')
    .where('deleted_at', 'is', null)
    .where(grant.where())
    .select(['id', 'name', 'kind'])
    .orderBy('name')
    .limit(200)

/** How somebody stands to the actor: whether nothing can be done to them, and else what can be ended. */
export type Standing = {
  stronger: boolean
  lockedUntil: string | null
  /** Of an account that the organization manages. */
  secondFactor: boolean
}

export async function standingTo(db: Door, actor: UserActor, id: string): Promise<Standing> {
  const strength = strengthOf(actor, sql`${id}::uuid`).as('strength')
  const lock = fn.account_lock<{ until: string } | null>({ person: id }).as('lock')
  const factor = fn.has_second_factor({ person: id }).as('factor')
  const [found] = await db.readAs(actor, (q) => q.selectNoFrom([strength, lock, factor]))
  const stronger = id !== actor.userId && isStronger(actor, found?.strength as Strength)
  return { stronger, lockedUntil: found?.lock?.until ?? null, secondFactor: found?.factor ?? false }
}

/** So that nobody fills in a form that is refused. @throws {Forbidden} */
export async function requireEditable(db: Door, actor: UserActor, row: Row): Promise<void> {
  const { stronger } = await standingTo(db, actor, row.id)
  if (stronger)
    throw new Forbidden('role:assign', strongerThanYou(users.titleOf(row), 'change their details'))
}
