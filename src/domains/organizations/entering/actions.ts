import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { asked, requirePlatform } from '#src/domains/organizations/organizations/actions.ts'
import { onPlatform } from '#src/domains/organizations/organizations/queries.ts'
import { conflict, Forbidden, notFound, unproved } from '#src/errors.ts'

/** Moves the session of whoever acts into another organization; both trails keep the reason. */
export async function enterOrganization(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'organization', 'enter'>,
  id: string,
  reason: string,
): Promise<void> {
  const { home, organization, sessionId, sessionKind } = actor.identity
  const wanted = `${grant.model}:${grant.action}`
  if (home) throw conflict('', `You’re in ${organization.name}. Leave it first.`)
  if (!onPlatform(actor) && id !== actor.orgId) throw notFound()
  requirePlatform(actor, wanted)
  if (id === actor.orgId) throw conflict('', 'You’re already in this organization.')
  if (sessionKind === 'impersonation')
    throw new Forbidden(wanted, 'You can’t do this while acting as someone else.')
  const entered = await asked(
    tx,
    wanted,
    sql<{
      done: boolean
    }>`select ${fn.enter_organization({ session: sessionId, target: id, because: reason })} as done`,
  ).catch((error: unknown) => {
    throw (error as { code?: string }).code === '28P01' ? unproved() : error
  })
  if (!entered?.done) throw notFound()
}

/** Moves the session back to where its person is at home. */
export async function leaveOrganization(tx: Tx, actor: UserActor): Promise<void> {
  const { sessionId } = actor.identity
  const left = await asked(
    tx,
    'organization:leave',
    sql<{ done: boolean }>`select ${fn.leave_organization({ session: sessionId })} as done`,
  )
  if (!left?.done) throw conflict('', 'You’re not in any other organization.')
}
