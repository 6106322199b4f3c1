import type { InsertObject } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { DB } from '#src/db/types.ts'
import {
  giveInitialAccess,
  type InitialAccess,
  requireInitialAccess,
} from '#src/domains/people/initial-access/actions.ts'
import { invitePerson } from '#src/domains/people/invitations/actions.ts'
import { belongingNowhere, type NewUser, users } from '#src/domains/people/users/model.ts'
import { conflict, Forbidden } from '#src/errors.ts'
import { recordJson } from '#src/resource/list/source.ts'
import { reachedBy } from '#src/resource/record/query.ts'
import { mapConstraintErrors, type SavedRecord } from '#src/resource/record/write.ts'

/** @throws {Conflict} for a name that is taken */
export const insertUser = (
  tx: Tx,
  actor: UserActor,
  values: InsertObject<DB, 'users'>,
): Promise<SavedRecord> =>
  mapConstraintErrors(
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
        recordJson(users, actor, belongingNowhere).as('json'),
        reachedBy(users, actor, 'read').as('readable'),
      ])
      .$castTo<SavedRecord>()
      .executeTakeFirstOrThrow(),
  )

/** Gives a new user what they have from the start; one without anything is as it was made. @throws {Forbidden} */
export async function withInitialAccess(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  made: SavedRecord,
  access: InitialAccess,
): Promise<SavedRecord> {
  if (!access.roles.length && !access.groups.length && grant.all) return made
  await giveInitialAccess(tx, actor, made.id, access)
  return placedUser(tx, actor, grant, made.id)
}

/** A new user as it is in the end: within reach of whoever made it. @throws {Forbidden} */
async function placedUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  id: string,
): Promise<SavedRecord> {
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
    .$castTo<SavedRecord & { inScope: boolean }>()
    .executeTakeFirstOrThrow()
  if (!inScope) throw new Forbidden('user:create', 'You can only add people to your own groups.')
  return written
}

/**
 * Makes a user with the account to sign in with. Without a password, or with an address that has an account, they are
 * invited: they are here once they accept.
 * @throws {Conflict} for a name that is taken
 */
export async function createUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  input: NewUser,
  passwordHash: string | null,
): Promise<SavedRecord> {
  const { username, email, first_name, last_name, role_ids: roles, groups } = input
  await requireInitialAccess(tx, actor, grant, { roles, groups })
  const known = await hasAccount(tx, email, username)
  const invited = known || passwordHash === null
  const account = { login: username, email_address: email, hash: passwordHash, managed: true }
  const made = await insertUser(tx, actor, {
    // who has an account is one of us with it once they accept, and not before
    account_id: known ? null : fn.create_account(account),
    status: invited ? 'invited' : 'active',
    username,
    email,
    first_name,
    last_name,
  })
  if (!invited) return withInitialAccess(tx, actor, grant, made, { roles, groups })
  await giveInitialAccess(tx, actor, made.id, { roles, groups })
  await invitePerson(tx, actor, { id: made.id, email })
  return { ...(await placedUser(tx, actor, grant, made.id)), pending: known }
}

async function hasAccount(tx: Tx, email: string, username: string): Promise<boolean> {
  const at = fn.account_at<{ known: boolean; taken: boolean }>({ email_address: email, login: username })
  const { known, taken } = await answer(tx, at)
  if (known && taken) throw conflict('username', 'is already in use')
  return known
}
