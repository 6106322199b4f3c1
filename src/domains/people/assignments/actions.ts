import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { keepingAnAdministrator, requireGivable } from '#src/access/granting.ts'
import { inForce } from '#src/access/in-force.ts'
import { requireReach } from '#src/access/placing.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { conflict, invalid, notFound } from '#src/errors.ts'
import { type Resource, resourceOf } from '#src/resource/entity.ts'
import { lockRecord, reloadRecord, type SavedRecord } from '#src/resource/record/write.ts'

/** How a role is given: until when, as the giver means it (null for good), and why. What isn't said stays as it is. */
export type AssignmentInput = { expires_at?: string | null | undefined; reason?: string | undefined }

/** By its name, since the domain of users leans on this one. */
export const people = (): Resource<'user'> => resourceOf('user') as unknown as Resource<'user'>

/**
 * Gives a role, for good where no end is said; or changes until when and why somebody has it, where it says so. An end
 * takes away from whoever has it already.
 */
export async function giveRole(
  tx: Tx,
  actor: UserActor,
  userId: string,
  roleId: string,
  given: AssignmentInput = {},
): Promise<SavedRecord> {
  const end = given.expires_at && actor.clock.moment(given.expires_at)
  await lockPair(tx, actor, userId, roleId, 'You can’t assign a role that has permissions you don’t hold.')
  await requireReach(tx, actor, userId, roleId)
  const has = await assignmentOf(tx, userId, roleId, { ...given, expires_at: end })
  if (has?.same) return { ...(await reloadRecord(tx, people(), actor, userId)), unchanged: true }
  const expires_at = end === undefined ? (has?.expires_at ?? null) : end
  const { reason = has?.reason ?? '' } = given
  if (end) {
    await refusePast(tx, end)
    if (has) await requireNotStronger(tx, actor, userId, 'change when their roles end')
  }
  const give = () =>
    tx
      .insertInto('user_roles')
      .values({ user_id: userId, role_id: roleId, granted_by: actor.userId, expires_at, reason })
      .onConflict((on) =>
        on
          .columns(['org_id', 'user_id', 'role_id', 'source'])
          .doUpdateSet({ granted_by: actor.userId, begins_at: null, expires_at, reason }),
      )
      .execute()
  await (expires_at === null ? give() : keepingAnAdministrator(tx, give))
  return reloadRecord(tx, people(), actor, userId)
}

/** Takes a role from somebody, nobody stronger: only one that the taker could give as well. Who hasn't it keeps all. */
export async function takeRole(
  tx: Tx,
  actor: UserActor,
  userId: string,
  roleId: string,
): Promise<SavedRecord> {
  await lockPair(tx, actor, userId, roleId, 'You can’t remove a role that has permissions you don’t hold.')
  await requireNotStronger(tx, actor, userId, 'remove their roles')
  const { numDeletedRows } = await keepingAnAdministrator(tx, () =>
    tx
      .deleteFrom('user_roles')
      .where('user_id', '=', userId)
      .where('role_id', '=', roleId)
      .executeTakeFirstOrThrow(),
  )
  return { ...(await reloadRecord(tx, people(), actor, userId)), unchanged: !numDeletedRows }
}

/** Locks the person and the role, and holds the rule of granting; nobody does this to themselves. */
async function lockPair(
  tx: Tx,
  actor: UserActor,
  userId: string,
  roleId: string,
  refusal: string,
): Promise<void> {
  const grant = actor.require('user:update')
  if (userId === actor.userId) throw conflict('', 'You can’t change your own roles.')
  await lockRecord(tx, people(), actor, grant, userId)
  const found = await requireGivable(tx, actor, [roleId], refusal)
  if (!found.length) throw notFound()
}

/** How somebody was given a role by hand and has it now, and whether that is what is said; with the end as the database has it. */
async function assignmentOf(tx: Tx, userId: string, roleId: string, { expires_at, reason }: AssignmentInput) {
  const end =
    expires_at === undefined
      ? sql<boolean>`true`
      : sql<boolean>`expires_at is not distinct from ${expires_at}::timestamptz`
  return tx
    .selectFrom('user_roles')
    .where('user_id', '=', userId)
    .where('role_id', '=', roleId)
    .where('source', '=', 'manual')
    .where(inForce('user_roles'))
    .select([
      sql<string | null>`expires_at::text`.as('expires_at'),
      'reason',
      sql<boolean>`${end} and reason = coalesce(${reason ?? null}, reason)`.as('same'),
    ])
    .executeTakeFirst()
}

/** By the database's clock, which the end goes by as well. */
async function refusePast(tx: Tx, instant: string): Promise<void> {
  const { rows } = await sql<{ past: boolean }>`select ${instant}::timestamptz <= now() as past`.execute(tx)
  if (rows[0]?.past) throw invalid([{ path: 'expires_at', message: 'Choose a date in the future' }])
}
