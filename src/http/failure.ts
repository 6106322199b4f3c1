import { Displaced } from '#src/http/authenticate.ts'
import { keepForm } from '#src/http/bodies.ts'
import { type HttpError, httpError } from '#src/http/errors.ts'
import { outgoingOf } from '#src/http/outgoing.ts'
import { answerForm, leadTo } from '#src/http/refused-form.ts'
import { respondError } from '#src/http/respond.ts'
import type { Visit } from '#src/http/visit.ts'
import { wantedOf } from '#src/http/wanted.ts'
import { paths } from '#src/paths.ts'

/** Answers anything thrown: our errors go into the log, refusals into the trail. */
export async function answerFailure(visit: Visit, thrown: unknown): Promise<Response> {
  const error = httpError(thrown)
  if (error.status === 500) logged(visit, thrown)
  return answered(visit, await recorded(visit, thrown, error))
}

function logged({ app, info }: Visit, err: unknown): void {
  app.log.error({ err, request: info.id, path: info.path }, 'request failed')
}

async function recorded(visit: Visit, thrown: unknown, error: HttpError): Promise<HttpError> {
  const { app, info, actor } = visit
  const refused = thrown instanceof Displaced ? thrown.actor : error.status === 403 ? actor : null
  const led = error.page && wantedOf(visit) !== 'json'
  if (!refused || led) return error
  const wanted = (thrown as { wanted?: string }).wanted ?? error.type
  return app.denied(refused, wanted, info.path).then(() => error, httpError)
}

async function answered(visit: Visit, error: HttpError): Promise<Response> {
  const { info } = visit
  const wanted = wantedOf(visit)
  const out = outgoingOf(visit)
  if (wanted === 'json') return respondError(error, out, info.path)
  if (!info.reads) {
    if (wanted === 'page' && !visit.fields) await keepForm(visit)
    return answerForm(error, visit, out)
  }
  const first = error.page ?? (error.status === 401 ? paths.login : undefined)
  return first ? leadTo(first, info, out) : respondError(error, out, info.path)
}
