import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { deviceOf, type Origin } from '#src/domains/accounts/origin.ts'
import type { Places } from '#src/domains/accounts/switching/model.ts'
import { conflict, Forbidden, notFound, SessionEnded, unproved } from '#src/errors.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

/** Where an administrator who acts as somebody goes is not for them to say, nor to see. */
function inPerson({ identity }: UserActor): string {
  const { accountId, impersonatorId } = identity
  if (!accountId || impersonatorId) throw new Forbidden('account', 'Only the person themselves can do this.')
  return accountId
}

/** The organizations that somebody is in, and whose administrators may change how they sign in. */
export const placesOf = async (db: Door, actor: UserActor): Promise<Places> =>
  db.lookup(fn.account_places<Places>({ account: inPerson(actor) }))

/**
 * Ends the session, and opens one like it in another organization where its person is active.
 * @returns its token, which is stored nowhere
 * @throws {NotFound} where they aren't, {Conflict} from an organization that was entered or with an address that is not
 *   confirmed, {SessionEnded} for a session that has ended
 */
export async function switchOrganization(
  db: Door,
  actor: UserActor,
  organization: string,
  from: Origin,
): Promise<string> {
  const accountId = inPerson(actor)
  const { home, sessionId, timeZone, locale } = actor.identity
  if (home) throw conflict('', 'You opened this organization as administrator. Leave it first.')
  if (organization === actor.orgId) throw conflict('organization', 'You’re already in this organization')
  const token = newToken()
  // where nothing was chosen there, what was chosen here
  const chosen = { timeZone: timeZone ?? undefined, locale: locale ?? undefined }
  const ctx = { ...JSON.parse(actor.context), ...chosen }
  const opening = { hash: tokenHash(token), ip: from.ip, agent: from.userAgent, ctx }
  const change = { session: sessionId, account: accountId, target: organization, ...opening }
  const opened = await db.lookup(fn.switch_organization(change)).catch((error) => {
    const { code } = error as { code?: string }
    throw code === '28000' ? ended() : code === '28P01' ? unproved() : error
  })
  if (!opened) throw notFound()
  return token
}

const ended = () => new SessionEnded('This session has ended. Sign in again.')

/**
 * From now on nobody but the person changes how they sign in: every other session ends.
 * @returns the new token of this one
 * @throws {Conflict} where that is so already
 */
export async function detachAccount(db: Door, actor: UserActor, from: Origin): Promise<string> {
  const token = newToken()
  const goesOn = { session: actor.identity.sessionId, renewed: tokenHash(token), device: deviceOf(from) }
  const detached = { account: inPerson(actor), ...goesOn, ctx: actor.context }
  const done = await db.lookup(fn.detach_account(detached))
  if (!done) throw conflict('', 'No organization manages your account.')
  return token
}
