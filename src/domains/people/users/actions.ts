import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { keepingAnAdministrator } from '#src/access/granting.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { invitePersonAgain, revokeOf } from '#src/domains/people/invitations/actions.ts'
import { type UserChange, type UserRecord, users } from '#src/domains/people/users/model.ts'
import { conflict, Forbidden, invalid } from '#src/errors.ts'
import {
  changedOf,
  lockRecord,
  mapConstraintErrors as namingField,
  reloadRecord,
  type SavedRecord,
} from '#src/resource/record/write.ts'

const naming = <T>(write: Promise<T>) => namingField(users, write)

/** Sends somebody who hasn't accepted yet another invitation; the one before ends. */
export async function inviteUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  id: string,
  version: number | null = null,
): Promise<SavedRecord> {
  const { row } = await lockRecord(tx, users, actor, grant, id, { version })
  const { status, email } = row() as UserRecord
  if (status !== 'invited') throw conflict('', 'They already accepted their invitation.')
  await requireNotStronger(tx, actor, id, 'send them an invitation')
  await invitePersonAgain(tx, actor, { id, email })
  return reloadRecord(tx, users, actor, id)
}

/**
 * Changes what is named, of nobody stronger. Sign-in name, address and status are for whoever may change everybody.
 */
export async function updateUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
  change: UserChange,
  version: number | null,
): Promise<SavedRecord> {
  const target = await lockRecord(tx, users, actor, grant, id, { version })
  const was = target.row() as UserRecord
  const changed: UserChange = changedOf(change, was)
  if (!Object.keys(changed).length) return { ...target, unchanged: true }
  const { status } = changed
  const renamed = changed.username !== undefined || changed.email !== undefined
  const turned = status !== undefined
  if ((renamed || turned) && !grant.all)
    throw new Forbidden('user:update:all', 'You can’t change how this person signs in.')
  if (turned) mayTurn(actor, id, was.status, status)
  // by an API key, its owner is stronger than whoever has it
  const others = id !== actor.userId || (renamed && actor.isRestricted)
  if (others)
    await requireNotStronger(
      tx,
      actor,
      id,
      renamed ? SIGNING_IN : turned ? TURNING[status] : 'change their details',
    )
  if (renamed)
    await rename(tx, was, {
      username: changed.username ?? was.username,
      email: changed.email ?? was.email,
    })
  // an address that somebody else typed is nobody's until its person proves it
  const values = changed.email === undefined ? changed : { ...changed, email_verified_at: null }
  const write = () => naming(tx.updateTable('users').set(values).where('users.id', '=', id).execute())
  await (turned ? keepingAnAdministrator(tx, write) : write())
  if (turned && status === 'disabled') await endSessionsOf(tx, id)
  return reloadRecord(tx, users, actor, id)
}

/** Enables or disables, as the change of the status would. */
export const turnUser = (
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
  status: 'active' | 'disabled',
): Promise<SavedRecord> => updateUser(tx, actor, grant, id, { status }, null)

/** Active ↔ disabled. */
export async function toggleUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
  version: number | null,
): Promise<SavedRecord> {
  const was = await lockRecord(tx, users, actor, grant, id, { version })
  const status = was.row().status === 'active' ? 'disabled' : 'active'
  return updateUser(tx, actor, grant, id, { status }, version)
}

const SIGNING_IN = 'change how they sign in'

const TURNING = { active: 'enable them', disabled: 'disable them', invited: 'invite them' }

function mayTurn(actor: UserActor, id: string, from: string, to: string): void {
  if (from === 'invited') throw conflict('', 'Hasn’t accepted the invitation yet.')
  if (to === 'invited') throw conflict('status', 'Send an invitation instead')
  if (id === actor.userId) throw conflict('', 'You can’t disable yourself.')
}

const endSessionsOf = (tx: Tx, id: string) =>
  tx
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where('user_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()

async function rename(
  tx: Tx,
  { id, kind }: Pick<UserRecord, 'id' | 'kind'>,
  to: { username: string; email: string },
): Promise<void> {
  if (kind === 'person' && !to.email) throw invalid([{ path: 'email', message: 'Enter an e-mail address' }])
  if (kind === 'service' && to.email)
    throw invalid([{ path: 'email', message: 'Leave this empty; a service account has no e-mail address' }])
  if (kind === 'service') return
  const renamed = fn.rename_account({ person: id, login: to.username, email_address: to.email })
  if (await naming(answer(tx, renamed))) return
  throw new Forbidden(
    'account',
    'Your organization doesn’t manage this account, so only they can change how they sign in.',
  )
}

/** Takes a user away, nobody stronger, so that they can be brought back; their sessions end. */
export async function deleteUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'delete'>,
  id: string,
  version: number | null,
): Promise<void> {
  if (id === actor.userId) throw conflict('', 'You can’t delete yourself.')
  await lockRecord(tx, users, actor, grant, id, { version })
  await requireNotStronger(tx, actor, id, 'delete them')
  await keepingAnAdministrator(tx, () =>
    tx.updateTable('users').set({ deleted_at: sql`now()` }).where('users.id', '=', id).execute(),
  )
  await endSessionsOf(tx, id)
  await revokeOf(tx, id)
}

/** Brings a deleted user back; a name taken meanwhile is a 409. */
export async function restoreUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'delete'>,
  id: string,
): Promise<SavedRecord> {
  await lockRecord(tx, users, actor, grant, id, { deleted: true })
  await requireNotStronger(tx, actor, id, 'restore them')
  await naming(tx.updateTable('users').set({ deleted_at: null }).where('users.id', '=', id).execute())
  return reloadRecord(tx, users, actor, id)
}
