import { act } from '#src/http/act.ts'
import { admit } from '#src/http/admit.ts'
import { requireAssurance } from '#src/http/assurance.ts'
import { identify } from '#src/http/authenticate.ts'
import { bodyOf } from '#src/http/bodies.ts'
import { confirmFirst } from '#src/http/confirm-step.ts'
import type { HttpError } from '#src/http/errors.ts'
import { answerFailure } from '#src/http/failure.ts'
import { seenVersions } from '#src/http/input.ts'
import { outgoingOf } from '#src/http/outgoing.ts'
import { chosen } from '#src/http/override.ts'
import { respond } from '#src/http/respond.ts'
import { readQuery, validate } from '#src/http/validators.ts'
import { sessionOf, type Visit } from '#src/http/visit.ts'
import { settleWanted, wantedOf } from '#src/http/wanted.ts'

/** One request on its way, a step a line. */
export async function handle(visit: Visit): Promise<Response> {
  const { c, app, info, byMethod, counting, forms } = visit
  try {
    settleWanted(visit)
    await identify(visit)
    readQuery(visit)
    const body = info.reads ? undefined : await bodyOf(visit)
    // the body may have arrived slowly
    if (visit.actor?.renewal?.due) await visit.actor.renewal.recheck()
    const endpoint = chosen(byMethod, c.req.method, body)
    visit.endpoint = endpoint
    if (body && !info.bearer) forms.check(body, sessionOf(visit))
    const grant = admit(endpoint, visit.actor)
    await requireAssurance(endpoint, visit.actor, app.db)
    await validate(visit, endpoint)
    const question = body && confirmFirst(visit, body)
    if (question) return await respond({ screen: question }, outgoingOf(visit))
    await counting.attempt(endpoint, visit.actor, body?.fields)
    const versions = seenVersions(c, body?.kind === 'form' ? body.fields.version : undefined)
    const answer = await act(visit, { endpoint, body, grant }, versions)
    if (visit.actor) app.used(visit.actor)
    return answer
  } catch (error) {
    return answerFailure(visit, error)
  }
}

/** Answers where there is no endpoint. @param page where people find what they want */
export async function refuse(visit: Visit, error: HttpError, page?: string): Promise<Response> {
  try {
    await identify(visit)
  } catch (failed) {
    return answerFailure(visit, failed)
  }
  if (page && wantedOf(visit) !== 'json') return respond({ location: page }, outgoingOf(visit))
  return answerFailure(visit, error)
}
