import type { UserActor } from '#src/access/actor.ts'
import { isFresh } from '#src/access/fresh.ts'
import type { Door } from '#src/db/database.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'

/** Second factor and recent sign-in, where needed; pages lead there and back. @throws {HttpError} 403 by type */
export async function requireAssurance(
  { access, allowedBeforeSecondFactor, requiresRecentAuth }: Endpoint,
  actor: UserActor | null,
  db: Door,
): Promise<void> {
  if ('public' in access || !actor) return
  const { missingFactor } = actor.identity
  if (missingFactor === 'second-factor-setup' && !allowedBeforeSecondFactor)
    throw new HttpError(403, 'One of your roles requires two-step verification. Set it up first.', {
      type: 'second-factor-setup-required',
      page: paths.secondFactor,
    })
  if (missingFactor === 'second-factor' && !allowedBeforeSecondFactor)
    throw new HttpError(403, 'One of your roles requires two-step verification. Enter a code first.', {
      type: 'second-factor-required',
      page: paths.reauthenticate,
    })
  if (requiresRecentAuth && !(await isFresh(db, actor)))
    throw new HttpError(403, 'Confirm your password first: POST /auth/confirm.', {
      type: 'reauthentication-required',
      page: paths.reauthenticate,
    })
}
