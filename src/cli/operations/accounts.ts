import { createHash, randomUUIDv7 } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import { causeIn } from '#src/access/cause.ts'
import { fold } from '#src/db/fold.ts'
import { fn } from '#src/db/functions.ts'
import type { DB } from '#src/db/types.ts'
import { normalised } from '#src/domains/accounts/model.ts'

/** Can't be done as asked; the message says why in one line. */
export class Refused extends Error {}

/** Who has the machine, for the trail: by which command, under which name, and why. */
export type Operator = { command: string; name: string; reason: string | null }

export type NewPerson = {
  username: string
  email: string
  first_name: string
  last_name: string
  /** By its name, or that of the template which it was made from. */
  role: string
  /** Slug; null for the default organization. */
  organization: string | null
  passwordHash: string
}

/** What the trail says of it. */
export const because = ({ command, name, reason }: Operator) =>
  `${command} by ${name}${reason ? `: ${reason}` : ''}`

/** All or nothing, as the owner, with what the triggers of the trail read. */
export async function breaking<T>(
  db: Kysely<DB>,
  by: Operator,
  work: (tx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (tx) => {
    const cause = causeIn({ id: randomUUIDv7(), kind: 'command' })
    const context = JSON.stringify({ via: 'cli', reason: because(by), ...cause })
    await sql`select set_config('app.context', ${context}, true)`.execute(tx)
    return work(tx)
  })
}

/** What no trigger sees, for an account: for itself, and in every organization that its person is in. */
export async function record(
  tx: Transaction<DB>,
  by: Operator,
  account_id: string | null,
  action: string,
  data: object,
): Promise<void> {
  const details = JSON.stringify({ via: 'cli', reason: because(by), operator: by.name, ...data })
  await tx.insertInto('security_events').values({ account_id, action, data: details }).execute()
  if (!account_id) return
  await sql`insert into events (org_id, via, reason, action, target_type, target_id, data)
    select org_id, 'cli', ${because(by)}, ${action}, 'user', id, ${JSON.stringify(data)}::jsonb
    from users where account_id = ${account_id} and deleted_at is null`.execute(tx)
}

/** Makes somebody of an organization, with an account of their own that nobody else manages. */
export async function createPerson(db: Kysely<DB>, person: NewPerson, by: Operator) {
  const { organization } = person
  return breaking(db, by, async (tx) => {
    const org = await tx
      .selectFrom('organizations')
      .where((eb) => (organization === null ? eb('is_default', '=', true) : eb('slug', '=', organization)))
      .select(['id', 'name', 'slug'])
      .executeTakeFirst()
    if (!org)
      throw new Refused(
        organization === null
          ? 'There is no default organization: add --organization.'
          : `No organization ${organization}.`,
      )
    return { ...(await addPerson(tx, org, person, by)), organization: org.slug }
  })
}

/** The person, account and role, within the transaction of a command. */
export async function addPerson(
  tx: Transaction<DB>,
  org: { id: string; slug: string },
  person: Omit<NewPerson, 'organization'>,
  by: Operator,
) {
  const { username, email, first_name, last_name, role, passwordHash } = person
  const roles = await tx
    .selectFrom('roles')
    .where('org_id', '=', org.id)
    .where((eb) =>
      eb.or([eb('name', '=', role), eb.and([eb('builtin', '=', true), eb('template', '=', role)])]),
    )
    .where('status', '=', 'active')
    .where('deleted_at', 'is', null)
    .orderBy('builtin', 'desc')
    .select('id')
    .execute()
  if (!roles[0])
    throw new Refused(
      `The role ${role} of ${org.slug} is missing or disabled: restore it, or run npm run seed run.`,
    )
  await refuseTaken(tx, org.id, person)
  const account = await tx
    .insertInto('accounts')
    .values({
      username,
      email,
      password_hash: passwordHash,
      password_changed_at: sql`now()`,
      last_org_id: org.id,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const user = await tx
    .insertInto('users')
    .values({
      org_id: org.id,
      account_id: account.id,
      status: 'active',
      username,
      email,
      first_name,
      last_name,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await tx
    .insertInto('user_roles')
    .values({ org_id: org.id, user_id: user.id, role_id: roles[0].id, reason: because(by) })
    .execute()
  await record(tx, by, account.id, 'account:create', { role })
  return { id: user.id, account: account.id, username, email, role }
}

async function refuseTaken(
  tx: Transaction<DB>,
  orgId: string,
  { username, email }: Pick<NewPerson, 'username' | 'email'>,
): Promise<void> {
  const { rows } = await sql<{ username: string; email: string }>`
    select username, email from accounts where app.fold(username) = ${fn.fold({ value: username })} or email = ${email}
    union all
    select username, email from users where org_id = ${orgId} and deleted_at is null and (app.fold(username) = ${fn.fold({ value: username })} or email = ${email})
  `.execute(tx)
  if (!rows.length) return
  const taken = [
    rows.some((one) => fold(one.username) === fold(username)) && `the user name ${username}`,
    rows.some((one) => one.email === email) && `the address ${email}`,
  ].filter((part) => part !== false)
  const are = taken.length > 1 ? 'are' : 'is'
  throw new Refused(
    `${new Intl.ListFormat('en').format(taken)} ${are} taken: choose a different one, or use admin:reset-password.`,
  )
}

/** By user name or address, its row locked. */
export async function accountOf(tx: Transaction<DB>, name: string) {
  return tx
    .selectFrom('accounts')
    .where((eb) => eb.or([eb('username', '=', name), eb('email', '=', name)]))
    .select([
      'id',
      'username',
      'email',
      'status',
      'failed_logins',
      sql<boolean>`coalesce(locked_until > now(), false)`.as('locked'),
    ])
    .select(sql<boolean>`password_hash is null`.as('unused'))
    .orderBy(sql`username = ${name}`, 'desc')
    .limit(1)
    .forUpdate()
    .executeTakeFirst()
}

/** Whoever had the account has no way back: no session, browser or link. @returns how many sessions ended */
export async function endControl(tx: Transaction<DB>, account: string): Promise<number> {
  const { rows } = await sql<{ ended: number }>`
    with open as materialized (select count(*)::int as ended from sessions where revoked_at is null and (account_id = ${account}
      or (org_id, impersonator_id) in (select org_id, id from users where account_id = ${account})))
    select ended, ${fn.end_control({ account })} from open`.execute(tx)
  return rows[0]?.ended ?? 0
}

const unlocked = { failed_logins: 0, locked_until: null }

/** Lets a name sign in again at once, also one that nobody has (those lock alike). */
export async function unlock(db: Kysely<DB>, given: string, by: Operator) {
  const name = normalised(given)
  return breaking(db, by, async (tx) => {
    const hash = createHash('sha256').update(name).digest()
    const unknown = await tx
      .deleteFrom('unknown_logins')
      .where('name_hash', '=', hash)
      .returning(['failed_logins', sql<boolean>`coalesce(locked_until > now(), false)`.as('locked')])
      .executeTakeFirst()
    const account = await accountOf(tx, name)
    const found = account ?? unknown
    if (!found) throw new Refused(`“${name}”: no such account, and no failed sign-ins.`)
    if (account) {
      await tx.updateTable('accounts').set(unlocked).where('id', '=', account.id).execute()
      await tx.updateTable('known_devices').set(unlocked).where('account_id', '=', account.id).execute()
    }
    const { locked, failed_logins } = found
    await record(tx, by, account?.id ?? null, 'account:unlock', {
      name_hash: hash.toString('hex'),
      locked,
      failed_logins,
    })
    return {
      name,
      account: account?.id ?? null,
      username: account?.username ?? null,
      was_locked: locked,
      failed_logins,
    }
  })
}

/** Whether there is such an account, before somebody types a password for it. */
export async function hasAccount(db: Kysely<DB>, name: string): Promise<boolean> {
  return db.transaction().execute(async (tx) => Boolean(await accountOf(tx, normalised(name))))
}

/** Sets a password, ends all sessions and unlocks. @throws {Refused} for an unknown name */
export async function resetPassword(db: Kysely<DB>, given: string, passwordHash: string, by: Operator) {
  const name = normalised(given)
  return breaking(db, by, async (tx) => {
    const account = await accountOf(tx, name)
    if (!account) throw new Refused(`${name} is not a user name or e-mail address of an account.`)
    await tx
      .updateTable('accounts')
      .set({ password_hash: passwordHash, password_changed_at: sql`clock_timestamp()`, ...unlocked })
      .set({ password_given: false })
      .where('id', '=', account.id)
      .execute()
    const sessions_ended = await endControl(tx, account.id)
    const users = tx.updateTable('users').set({ status: 'active' }).where('account_id', '=', account.id)
    const activated = account.unused
      ? await users.where('status', '=', 'invited').where('deleted_at', 'is', null).returning('id').execute()
      : []
    await record(tx, by, account.id, 'account:reset_password', { sessions_ended, was_locked: account.locked })
    const signsIn = await tx
      .selectFrom('users')
      .where('account_id', '=', account.id)
      .where('status', '=', 'active')
      .where('deleted_at', 'is', null)
      .select('id')
      .executeTakeFirst()
    return {
      account: account.id,
      username: account.username,
      sessions_ended,
      activated: activated.length > 0,
      can_sign_in: account.status === 'active' && signsIn !== undefined,
    }
  })
}
