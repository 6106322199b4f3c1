import { randomInt } from 'node:crypto'
import { sql } from 'kysely'
import { asSystem } from '#src/access/system.ts'
import { whoVouches } from '#src/access/vouching.ts'
import type { Config } from '#src/config.ts'
import { answer } from '#src/db/call.ts'
import type { Door, Tx } from '#src/db/database.ts'
import { UniqueViolation } from '#src/db/errors.ts'
import { fn } from '#src/db/functions.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { deadLink } from '#src/domains/accounts/link.ts'
import type { Origin } from '#src/domains/accounts/origin.ts'
import { provePassword } from '#src/domains/accounts/proof.ts'
import { requireVouchable } from '#src/domains/people/initial-access/actions.ts'
import {
  type Acceptance,
  type Invitation,
  RESET_FIRST,
  suggestedName,
} from '#src/domains/people/joining/model.ts'
import { Conflict, conflict, DomainError, unproved } from '#src/errors.ts'
import { isToken, tokenHash } from '#src/platform/token.ts'

/** A link that works, of an invitation that nobody can accept just now: why, an administrator sees. */
const blocked = (organization: string) =>
  new Conflict(
    `Someone at ${organization} has to renew it first. Ask whoever invited you: this link then works again, or you get a new one.`,
    { title: 'You can’t accept this invitation now', type: 'invitation-blocked' },
  )

/** @throws {NotFound} alike for every link that doesn't work */
async function openInvitation(db: Door, token: string | undefined): Promise<Invitation & { hash: Buffer }> {
  if (!isToken(token)) throw deadLink()
  const hash = tokenHash(token)
  const found = await db.lookup(fn.invitation_lookup<Invitation | null>({ token: hash }))
  if (!found) throw deadLink()
  return { ...found, hash }
}

/** Before anything is typed. @throws {NotFound} for a link that doesn't work; {Conflict} where nobody can accept it */
export async function readInvitation(db: Door, token: string | undefined, from: Origin): Promise<Invitation> {
  const invitation = await openInvitation(db, token)
  const { id, org, organization } = invitation
  await asSystem(db, org, 'invitation', (tx) => stillVouched(tx, id), {
    cause: { id: from.id, kind: 'request' },
  }).catch((error) => {
    throw error instanceof NotVouched ? blocked(organization) : error
  })
  return invitation
}

export type Joined = { id: string; username: string; email: string; first_name: string; last_name: string }

/**
 * Accepts an invitation: its person is one of the organization from then on, with a new account, or with the one that
 * the address has, whose password is proved then and never changed.
 * @throws {NotFound} for a link that doesn't work (any more); {Conflict} where who vouches for it can no longer give what
 *   it gives; {Invalid} for a wrong or weak password; also {Conflict} for a name that is taken, for who is here already,
 *   or for an account whose address nobody has proved
 */
export async function acceptInvitation(
  db: Door,
  config: Config,
  { token, password, ...given }: Acceptance,
  from: Origin,
): Promise<{ invitation: Invitation; person: Joined }> {
  const invitation = await openInvitation(db, token)
  const { known, account, email, organization } = invitation
  if (invitation.unproved) throw unproved(RESET_FIRST)
  const proved =
    known && account ? await provePassword(db, config, account, { field: 'password', password }, from) : null
  const about = [given.username ?? invitation.username ?? '', email, given.first_name, given.last_name]
  const hash = known ? null : await hashChosen(config, password, [...about, organization])
  const joining = { ...given, invitation, tokenHash: invitation.hash, hash, account, at: proved?.at ?? null }
  const person = await settled(db, invitation, from, (tx) => join(tx, joining))
  return { invitation, person }
}

type Joining = Omit<Acceptance, 'token' | 'password'> & {
  invitation: Invitation
  tokenHash: Buffer
  hash: string | null
  account: string | null
  at: string | null
}

/** Who vouches for it can't, just now; the invitation stays as it is. */
class NotVouched extends Error {}

/** For nobody yet. What exactly speaks against it is in the trail, not in the answer. */
async function settled<T>(
  db: Door,
  { org, id, organization }: Invitation,
  from: Origin,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const inside = <R>(some: (tx: Tx) => Promise<R>) =>
    asSystem(db, org, 'invitation', some, { cause: { id: from.id, kind: 'request' } })
  try {
    return await inside(work)
  } catch (error) {
    if (error instanceof NotVouched) {
      const refused = fn.note_refused_invitation({ invitation: id, because: error.message })
      await inside((tx) => answer(tx, refused))
      throw blocked(organization)
    }
    if (!(error instanceof UniqueViolation)) throw error
    if (error.constraint.includes('username')) throw conflict('username', 'is already in use')
    throw conflict('', 'Someone with this e-mail address or account is already a member.')
  }
}

type InvitationRow = {
  id: string
  user_id: string | null
  invited_by: string | null
  role_ids: string[]
  group_id: string | null
}
type Taking = { id: string; email: string; account: string; username: string }

async function join(tx: Tx, joining: Joining): Promise<Joined> {
  const { invitation, hash, account, at } = joining
  const login = await nameFor(tx, joining)
  const taken = { token: joining.tokenHash, login, hash, proved_account: account, proved: at }
  const taking = await answer(tx, fn.take_invitation<Taking | null>(taken))
  if (!taking) throw deadLink()
  const entry = await stillVouched(tx, invitation.id)
  const person = await becomeUser(tx, entry, taking, joining)
  await sql`update invitations set status = 'accepted', accepted_at = now(), user_id = ${person.id}
    where id = ${entry.id}`.execute(tx)
  return person
}

/** The invitation; whoever vouches for it is asked again, as of now. @throws {NotVouched} */
async function stillVouched(tx: Tx, id: string): Promise<InvitationRow> {
  const { rows } =
    await sql<InvitationRow>`select id, user_id, invited_by, role_ids, group_id from invitations
    where id = ${id}`.execute(tx)
  const [entry] = rows
  if (!entry) throw deadLink()
  const { invited_by } = entry
  const inviter = invited_by && (await whoVouches(tx, invited_by))
  if (!inviter) throw new NotVouched('whoever invited them can’t sign in')
  await requireVouchable(tx, inviter, id).catch((error: unknown) => {
    if (error instanceof DomainError) throw new NotVouched(error.message)
    throw error
  })
  return entry
}

async function becomeUser(tx: Tx, entry: InvitationRow, taking: Taking, given: Joining): Promise<Joined> {
  const { account: account_id, username, email } = taking
  const own = { account_id, username, email, email_verified_at: sql<string>`now()`, status: 'active' }
  const names = { first_name: given.first_name, last_name: given.last_name }
  const fields = ['id', 'username', 'email', 'first_name', 'last_name'] as const
  if (entry.user_id) {
    const said = Object.fromEntries(Object.entries(names).filter(([, name]) => name !== ''))
    const update = tx
      .updateTable('users')
      .set({ ...own, ...said })
      .where('id', '=', entry.user_id)
    return update.returning(fields).executeTakeFirstOrThrow()
  }
  const values = { ...own, ...names, created_by: entry.invited_by }
  const person = await tx.insertInto('users').values(values).returning(fields).executeTakeFirstOrThrow()
  const roles = entry.role_ids.map((role_id) => ({
    user_id: person.id,
    role_id,
    granted_by: entry.invited_by,
    reason: 'invitation',
  }))
  if (roles.length) await tx.insertInto('user_roles').values(roles).execute()
  const { group_id } = entry
  if (group_id) await tx.insertInto('group_members').values({ group_id, user_id: person.id }).execute()
  return person
}

/** The chosen name, the one that was given, or one made of the address that nobody has. */
async function nameFor(tx: Tx, { invitation, username }: Joining): Promise<string> {
  const { email, known, renamable, username: was } = invitation
  if (known || !renamable) return was ?? ''
  if (username ?? was) return username ?? was ?? ''
  const base = suggestedName(email)
  const names = [base, ...[2, 3, 4, 5, 6].map((n) => `${base}${n}`), `${base}${randomInt(1e6, 1e7)}`]
  const { rows } = await sql<{ free: string }>`
    select n.name as free from unnest(${names}::text[]) with ordinality n(name, place), ${fn.names_taken({ usernames: names, emails: [] })} taken
    where not (taken -> 'usernames' ? n.name or taken -> 'alike' ? n.name)
      and not exists (select from users u where u.username = n.name and u.deleted_at is null)
    order by n.place limit 1`.execute(tx)
  return rows[0]?.free ?? base
}
