import type { InsertObject } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireGivable } from '#src/access/granting.ts'
import { mayPlaceIn, requirePlaceable } from '#src/access/placing.ts'
import type { Db } from '#src/db/database.ts'
import type { DB } from '#src/db/types.ts'
import { type NewUser, users } from '#src/domains/people/users/model.ts'
import { Forbidden, invalid } from '#src/errors.ts'
import { recordJson } from '#src/resource/list/source.ts'
import { reachedBy } from '#src/resource/record/query.ts'
import { naming, type Written } from '#src/resource/record/write.ts'

/** Roles and groups that a new user begins with. */
export type Beginning = Pick<NewUser, 'role_ids' | 'groups'>

/** Only what the maker may give. @throws {Forbidden}; 422 for a role that is none */
export async function requireBeginning(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  { role_ids, groups }: Beginning,
): Promise<void> {
  if (!groups.every(({ id, role }) => mayPlaceIn(actor, grant, id, role)))
    throw new Forbidden('group:update', 'You can’t add people to this group.')
  const roles = await requireGivable(tx, actor, role_ids)
  const missing = role_ids.findIndex((id) => !roles.includes(id))
  if (missing >= 0) throw invalid([{ path: `role_ids.${missing}`, message: 'Choose a role' }])
  for (const { id, role } of groups) await requirePlaceable(tx, actor, { group: id, role, roles })
}

/** @throws {Conflict} for a name that is taken */
export const insertUser = (tx: Db, actor: UserActor, values: InsertObject<DB, 'users'>): Promise<Written> =>
  naming(
    users,
    tx
      .with('made', (db) =>
        db
          .insertInto('users')
          .values({ ...values, created_by: actor.userId })
          .returningAll(),
      )
      .selectFrom('made as users')
      .select([
        'users.id',
        'users.version',
        recordJson(users, actor).as('json'),
        reachedBy(users, actor, 'read').as('readable'),
      ])
      .$castTo<Written>()
      .executeTakeFirstOrThrow(),
  )

/** Gives a new user what they begin with; one without anything is as it was made. @throws {Forbidden} */
export async function begun(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  made: Written,
  beginning: Beginning,
): Promise<Written> {
  if (!beginning.role_ids.length && !beginning.groups.length && grant.all) return made
  await giveBeginning(tx, actor, made.id, beginning)
  return placedUser(tx, actor, grant, made.id)
}

export async function giveBeginning(
  tx: Db,
  actor: UserActor,
  user_id: string,
  { role_ids, groups }: Beginning,
): Promise<void> {
  const roles = [...new Set(role_ids)].map((role_id) => ({ user_id, role_id, granted_by: actor.userId }))
  if (roles.length) await tx.insertInto('user_roles').values(roles).execute()
  const members = groups.map(({ id, role }) => ({ user_id, group_id: id, role }))
  if (members.length) await tx.insertInto('group_members').values(members).execute()
}

/** A new user as it is in the end: within reach of whoever made it. @throws {Forbidden} */
export async function placedUser(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  id: string,
): Promise<Written> {
  const { inScope, ...written } = await tx
    .selectFrom('users')
    .where('users.id', '=', id)
    .select([
      'users.id',
      'users.version',
      recordJson(users, actor).as('json'),
      reachedBy(users, actor, 'read').as('readable'),
      grant.where().as('inScope'),
    ])
    .$castTo<Written & { inScope: boolean }>()
    .executeTakeFirstOrThrow()
  if (!inScope) throw new Forbidden('user:create', 'You can only add people to your own groups.')
  return written
}
