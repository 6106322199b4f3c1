import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { recheckLast } from '#src/access/renewal.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { requireInitialAccess, requireVouchable } from '#src/domains/people/initial-access/actions.ts'
import { queueInvitation } from '#src/domains/people/invitations/mail-actions.ts'
import {
  type InvitationChange,
  type InvitationRecord,
  type Invited,
  invitations,
  invitedEmail,
  type ManyInvitations,
  type NewInvitation,
} from '#src/domains/people/invitations/model.ts'
import { conflict, Forbidden, TooMany } from '#src/errors.ts'
import { refusalOf } from '#src/resource/record/attempt.ts'
import {
  changedOf,
  createRecord,
  type Fields,
  lockRecord,
  mapConstraintErrors,
  removeRecord,
  type SavedRecord,
  type Target,
  writeRecord,
} from '#src/resource/record/write.ts'

const member = (id: string) => ({ id, role: 'member' as const })

/** Invites somebody: the mail goes with it, or not at all. */
export async function createInvitation(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'create'>,
  { email, role_ids, group_id }: NewInvitation,
): Promise<SavedRecord> {
  const groups = group_id ? [member(group_id)] : []
  await requireInitialAccess(tx, actor, grant, { roles: role_ids, groups }, { working: true })
  await refusePresent(tx, email)
  await expire(tx, email)
  const mail_id = await queueInvitation(tx, email)
  const roles = [...new Set(role_ids)]
  const values = { email, role_ids: roles, group_id, invited_by: actor.userId, mail_id }
  return createRecord(tx, invitations, actor, grant, values)
}

/** Invites many to the same: each address is done, or refused with its reason. */
export async function inviteMany(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'create'>,
  { emails, role_ids, group_id }: ManyInvitations,
): Promise<Invited[]> {
  const results: Invited[] = []
  for (const sent of emails) {
    const { data: email, error } = invitedEmail.safeParse(sent)
    if (email === undefined) {
      results.push({
        email: sent,
        status: 'refused',
        reason: error?.issues[0]?.message ?? 'Check this address',
      })
      continue
    }
    let id: string | undefined
    const refused = await refusalOf(tx, async () => {
      id = (await createInvitation(tx, actor, grant, { email, role_ids, group_id })).id
    })
    // what they may not give to one they may give to nobody
    if (refused?.denied) throw new Forbidden(refused.denied, refused.error.message)
    const [wrong] = refused?.error.errors ?? []
    if (refused && wrong?.path !== 'email' && !(refused.error instanceof TooMany)) throw refused.error
    const reason = wrong?.message ?? refused?.error.message
    results.push(refused ? { email, status: 'refused', reason } : { email, status: 'done', id })
  }
  await recheckLast(tx, actor)
  return results
}

/**
 * Invites somebody who is among the people already, to what they have there; for whoever was just asked whether they
 * may give that.
 * @returns the invitation's id
 */
export async function invitePerson(
  tx: Tx,
  actor: UserActor,
  { id: user_id, email }: { id: string; email: string },
): Promise<string> {
  await expire(tx, email)
  const mail_id = await queueInvitation(tx, email)
  const values = { email, user_id, mail_id, invited_by: actor.userId, created_by: actor.userId }
  const made = tx.insertInto('invitations').values(values).returning('id')
  return (await mapConstraintErrors(invitations, made.executeTakeFirstOrThrow())).id
}

/** Another invitation for somebody who hasn't accepted one yet, by whoever may give what they have. */
export async function invitePersonAgain(
  tx: Tx,
  actor: UserActor,
  person: { id: string; email: string },
): Promise<void> {
  await revokeOf(tx, person.id)
  await requireVouchable(tx, actor, await invitePerson(tx, actor, person))
}

/** Whoever is taken away isn't invited any more. */
export const revokeOf = (tx: Tx, userId: string): Promise<unknown> =>
  tx
    .updateTable('invitations')
    .set({ status: 'revoked' })
    .where('user_id', '=', userId)
    .where('status', 'in', ['pending', 'expired'])
    .execute()

/** Sends it once more, with another link; the one before ends. Whoever sends it vouches for it from then on. */
export async function resendInvitation(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'update'>,
  id: string,
  version: number | null = null,
): Promise<SavedRecord> {
  const was = open(await lockRecord(tx, invitations, actor, grant, id, { version }))
  await requireOver(tx, actor, was, 'send them an invitation')
  const email = was.user_id ? await emailOf(tx, was.user_id) : was.email
  const mail_id = await queueInvitation(tx, email)
  const expires_at = sql`now() + interval '72 hours'`
  const values = { email, mail_id, status: 'pending', sent_at: sql`now()`, expires_at }
  return vouched(tx, actor, grant, id, values)
}

/** Ends it: its link doesn't work any more. */
export async function revokeInvitation(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'update'>,
  id: string,
  version: number | null = null,
): Promise<SavedRecord> {
  const target = await lockRecord(tx, invitations, actor, grant, id, { version })
  if (target.row().status === 'revoked') return { ...target, unchanged: true }
  await requireOver(tx, actor, open(target), 'revoke their invitation')
  return writeRecord(tx, invitations, actor, grant, id, { status: 'revoked' })
}

/** Changes what it gives, as far as that is seen; whoever does vouches for it from then on. */
export async function updateInvitation(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'update'>,
  id: string,
  change: InvitationChange,
  version: number | null,
): Promise<SavedRecord> {
  const target = await lockRecord(tx, invitations, actor, grant, id, { version })
  const was = open(target)
  const { role_ids, group_id } = change
  const changed = changedOf(
    { role_ids: role_ids && [...new Set(role_ids)].sort(), group_id },
    { role_ids: was.roles.map((role) => role.id).sort(), group_id: was.group_id },
  )
  if (!Object.keys(changed).length) return { ...target, unchanged: true }
  if (was.user_id) throw conflict('', 'They’re already listed under People. Change their access there.')
  if (group_id !== undefined && 'group_id' in changed) grant.place({ groups: [group_id] })
  return vouched(tx, actor, grant, id, changed)
}

/** Takes one away so that it can be brought back; meanwhile its link doesn't work. */
export async function deleteInvitation(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'delete'>,
  id: string,
  version: number | null,
): Promise<void> {
  const { row } = await lockRecord(tx, invitations, actor, grant, id, { version })
  await requireOver(tx, actor, row() as unknown as InvitationRecord, 'delete their invitation')
  await removeRecord(tx, invitations, actor, grant, id, version)
}

/** Brings a deleted one back, and with it its link. */
export async function restoreInvitation(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation', 'delete'>,
  id: string,
): Promise<SavedRecord> {
  const { row } = await lockRecord(tx, invitations, actor, grant, id, { deleted: true })
  const was = row() as unknown as InvitationRecord
  await requireOver(tx, actor, was, 'restore their invitation')
  const back = { deleted_at: null }
  return was.status === 'pending'
    ? vouched(tx, actor, grant, id, back)
    : writeRecord(tx, invitations, actor, grant, id, back)
}

/**
 * What invites somebody who is among the people already is theirs, and for nobody weaker. One to an address alone is
 * nobody's yet: whoever may change it may end it, too.
 */
async function requireOver(
  tx: Tx,
  actor: UserActor,
  { user_id }: InvitationRecord,
  doing: string,
): Promise<void> {
  if (user_id && user_id !== actor.userId) await requireNotStronger(tx, actor, user_id, doing)
}

async function vouched(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'invitation'>,
  id: string,
  values: Fields,
): Promise<SavedRecord> {
  const written = await writeRecord(tx, invitations, actor, grant, id, {
    ...values,
    invited_by: actor.userId,
  })
  await requireVouchable(tx, actor, id)
  return written
}

/** @throws {Conflict} where nobody can accept it any more */
function open(target: Target): InvitationRecord {
  const row = target.row() as unknown as InvitationRecord
  if (row.status === 'accepted') throw conflict('', 'This invitation was already accepted.')
  if (row.status === 'revoked') throw conflict('', 'This invitation was revoked. Create a new one.')
  return row
}

async function emailOf(tx: Tx, userId: string): Promise<string> {
  const found = tx.selectFrom('users').where('id', '=', userId).where('deleted_at', 'is', null)
  const person = await found.where('status', '=', 'invited').select('email').executeTakeFirst()
  if (!person) throw conflict('', 'This person has no invitation to accept.')
  return person.email
}

/** @throws {Conflict} for the address of somebody who is here */
async function refusePresent(tx: Tx, email: string): Promise<void> {
  const found = tx.selectFrom('users').where('email', '=', email).where('deleted_at', 'is', null)
  const person = await found.select('status').executeTakeFirst()
  if (person)
    throw conflict('email', person.status === 'invited' ? 'is already invited' : 'is already a member')
}

/** What ran out makes way for another to the same address, before the hourly job comes. */
const expire = (tx: Tx, email: string) =>
  tx
    .updateTable('invitations')
    .set({ status: 'expired' })
    .where('email', '=', email)
    .where('status', '=', 'pending')
    .where('expires_at', '<=', sql<string>`now()`)
    .execute()
