import { type InsertObject, sql } from 'kysely'
import { asSystem } from '#src/access/system.ts'
import type { Config } from '#src/config.ts'
import { answer } from '#src/db/call.ts'
import type { Door, Tx } from '#src/db/database.ts'
import { UniqueViolation } from '#src/db/errors.ts'
import { fn } from '#src/db/functions.ts'
import type { DB } from '#src/db/types.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { deadLink, openLink } from '#src/domains/accounts/link.ts'
import { contextOf, type Origin } from '#src/domains/accounts/origin.ts'
import type { Registration } from '#src/domains/accounts/registration/model.ts'
import { conflict, invalid, NotReady } from '#src/errors.ts'
import { verifyPassword } from '#src/platform/passwords.ts'

type Place = { id: string; name: string; status: string }

/** The organization that people register in. @throws {NotReady} where there is none */
async function joined(db: Door): Promise<{ id: string; name: string }> {
  const place = await db.lookup(fn.find_organization<Place | null>({ place_slug: null }))
  if (place?.status !== 'active') throw new NotReady('There is no organization to join yet.')
  return place
}

async function entered(db: Door, config: Config, person: Registration) {
  const { username, email, password, first_name, last_name } = person
  const place = await joined(db)
  const hash = await hashChosen(config, password, [username, email, first_name, last_name, place.name])
  return { place, hash }
}

/**
 * Registers somebody in the default organization, with the role `user`.
 * @throws {Conflict} for a name or address that is taken, {Invalid} for a weak password
 */
export async function register(db: Door, config: Config, person: Registration, from: Origin) {
  const { username, email, first_name, last_name } = person
  const { place, hash } = await entered(db, config, person)
  const account_id = fn.create_account({ login: username, email_address: email, hash, managed: false })
  return settled(db, place.id, from, (tx) => join(tx, { account_id, username, email, first_name, last_name }))
}

/**
 * The same where addresses are confirmed first: nothing is there before the link in the mail is used, and an address
 * that has an account gets a mail that says so.
 * @throws {Conflict} for a name that is taken, {Invalid} for a weak password
 */
export async function beginRegistration(db: Door, config: Config, person: Registration, from: Origin) {
  const { username, email, first_name, last_name } = person
  const { hash } = await entered(db, config, person)
  const begun = { login: username, email_address: email, first_name, last_name, hash, ctx: contextOf(from) }
  if (!(await db.lookup(fn.begin_registration(begun)))) throw conflict('username', 'is already in use')
}

type FinishedRegistration = { account: string; email: string; first_name: string; last_name: string }

/**
 * Makes the account of somebody who has the link and knows the password that was chosen: neither is enough, for the
 * address may be somebody else's, and so may the registration.
 * @throws {NotFound} for a dead link, {Invalid} for another password, {Conflict} for a name that was taken meanwhile
 */
export async function finishRegistration(
  db: Door,
  { token, username, password }: { token: string; username?: string | undefined; password: string },
  from: Origin,
): Promise<{ username: string }> {
  const link = await openLink(db, token, 'register')
  if (!(await verifyPassword(link.passwordHash, password))) {
    await db.lookup(fn.registration_failed({ token: link.hash }))
    throw invalid([{ path: 'password', message: 'That isn’t the password you chose' }])
  }
  const place = await joined(db)
  const login = username ?? link.username
  await settled(db, place.id, from, async (tx) => {
    const made = await answer(
      tx,
      fn.finish_registration<FinishedRegistration | null>({ token: link.hash, login }),
    )
    if (!made) throw deadLink()
    const { account: account_id, ...person } = made
    return join(tx, { ...person, account_id, username: login, email_verified_at: sql<string>`now()` })
  })
  return { username: login }
}

/** For nobody yet. @throws {Conflict} for what is taken */
async function settled<T>(db: Door, org: string, from: Origin, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await asSystem(db, org, 'registration', work, { cause: { id: from.id, kind: 'request' } })
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error
    throw error.constraint.includes('email')
      ? conflict('email', 'already has an account')
      : conflict('username', 'is already in use')
  }
}

type NewUser = InsertObject<DB, 'users'>

async function join(tx: Tx, person: NewUser): Promise<{ id: string }> {
  const made = await tx.insertInto('users').values(person).returning('id').executeTakeFirstOrThrow()
  await tx
    .insertInto('user_roles')
    .columns(['user_id', 'role_id'])
    .expression((eb) =>
      eb
        .selectFrom('roles')
        .where('template', '=', 'user')
        .where('builtin', '=', true)
        .where('deleted_at', 'is', null)
        .select((s) => [s.val(made.id).$castTo<string>().as('user_id'), 'roles.id as role_id']),
    )
    .execute()
  return made
}
