import type { Grant } from '#src/access/grant.ts'
import type { OnceDoor } from '#src/db/once.ts'
import { callOf } from '#src/http/call.ts'
import { respondFile } from '#src/http/csv.ts'
import type { Call, Endpoint } from '#src/http/endpoint.ts'
import { httpError } from '#src/http/errors.ts'
import { onceDoor } from '#src/http/idempotency.ts'
import { type Body, validBody } from '#src/http/input.ts'
import { outgoingOf } from '#src/http/outgoing.ts'
import { resumed } from '#src/http/refused-form.ts'
import { respond } from '#src/http/respond.ts'
import { SearchStep } from '#src/http/search-step.ts'
import type { Visit } from '#src/http/visit.ts'
import { wantedOf } from '#src/http/wanted.ts'

export type Action = { endpoint: Endpoint; body: Body | undefined; grant: Grant | undefined }

export async function act(
  visit: Visit,
  action: Action,
  [version = null, ...others]: readonly (number | null)[],
): Promise<Response> {
  const { c, app, actor } = visit
  const { endpoint, body, grant } = action
  const once = onceDoor(c, endpoint, { door: app.db, actor, body, secret: app.config.SECRET_KEY })
  const given = { db: once ?? app.db, file: body?.file, version }
  const call = { ...callOf(visit, grant, body?.fields ?? {}), ...given }
  try {
    if (visit.csv && endpoint.csv) return await respondFile(visit, await endpoint.csv(call as never))
    return await answered(visit, action, call, once)
  } catch (thrown) {
    if (others.length && httpError(thrown).status === 412) return act(visit, action, others)
    return askedAgain(visit, endpoint, call, thrown)
  }
}

async function answered(
  visit: Visit,
  { endpoint, body }: Action,
  call: Call,
  once: OnceDoor | null,
): Promise<Response> {
  const { c, app, actor, counting } = visit
  const isForm = body?.kind === 'form'
  if (isForm && call.find) throw new SearchStep()
  const fields = isForm ? call.rawBody : (body?.fields ?? {})
  const valid = endpoint.body ? validBody(endpoint.body, fields) : undefined
  const answer = await endpoint.handle({ ...call, body: valid } as never)
  if (answer.sessionChanged && actor) app.rights.forget(actor.identity.sessionId)
  await counting.succeeded(endpoint)
  if (answer.resumes) return resumed(c, app, answer.resumes, answer.cookies)
  const headers = once?.replayed ? { ...answer.headers, 'Idempotency-Replayed': 'true' } : answer.headers
  return respond({ ...answer, headers }, outgoingOf(visit, endpoint))
}

async function askedAgain(visit: Visit, endpoint: Endpoint, call: Call, thrown: unknown): Promise<Response> {
  const { status, message, errors = [], headers } = httpError(thrown)
  const asks = visit.info.reads && wantedOf(visit) !== 'json' && [400, 404].includes(status)
  if (!asks || !endpoint.refused) throw thrown
  const refusal = { status, message, errors, input: call.rawBody }
  const screen = await endpoint.refused(call as never, refusal)
  return respond({ status, screen, headers }, outgoingOf(visit))
}
