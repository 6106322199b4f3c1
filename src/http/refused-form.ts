import type { Context } from 'hono'
import { admit } from '#src/http/admit.ts'
import type { AppContext, Env } from '#src/http/app-context.ts'
import { requireAssurance } from '#src/http/assurance.ts'
import { callOf } from '#src/http/call.ts'
import { cookiesAfter } from '#src/http/cookies.ts'
import { StaleForm } from '#src/http/csrf.ts'
import type { Call, Endpoint, Refusal, Screen } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { queryOf, seenVersions, validQuery } from '#src/http/input.ts'
import { broughtBack, carried, keptOf } from '#src/http/kept.ts'
import type { RequestInfo } from '#src/http/request-info.ts'
import {
  type Outgoing,
  respond,
  respondError,
  respondSummary,
  summaryFor,
  summaryOf,
} from '#src/http/respond.ts'
import { SearchStep } from '#src/http/search-step.ts'
import { pairsOf } from '#src/http/text.ts'
import { validate } from '#src/http/validators.ts'
import type { Visit } from '#src/http/visit.ts'
import { wantedOf } from '#src/http/wanted.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'

export const filled = (pattern: string, c: Context) =>
  pattern.replace(/:(\w+)/g, (_, name) => encodeURIComponent(c.req.param(name) ?? ''))

/** Statuses shown at the form itself. */
const IN_PLACE = [401, 403, 409, 412, 422, 429, 500, 503]
/** Statuses that may pass on a retry. */
const PASSES = [408, 429, 500, 503]

export async function answerForm(error: HttpError, visit: Visit, out: Outgoing): Promise<Response> {
  const { info, fields } = visit
  const first = askedFirst(error, visit)
  if (wantedOf(visit) === 'part') {
    if (first)
      return respondSummary(error, out, {
        'X-Ask': out.prefixed(onTo(first, first === paths.resume ? paths.home : paths.resume)),
      })
    const drawn =
      error.status === 412 || error instanceof SearchStep || error.errors?.some(({ path }) => path)
    const screen = drawn ? await drawnAgain(error, visit, out) : null
    return screen ? respond(answerOf(error, screen), out) : respondSummary(error, out)
  }
  const screen = first ? await asking(first, error, visit, out) : await drawnAgain(error, visit, out)
  if (screen) return respond(answerOf(error, screen), out)
  if (first) return leadTo(first, info, out)
  const kept = fields && PASSES.includes(error.status) ? keptOf(info.place, fields) : undefined
  return respondError(error, out, info.path, kept)
}

/** A form refused until sign-in or reauthentication, as it was left. */
export async function resumed(
  c: Context<Env>,
  app: AppContext,
  form: string,
  cookies: readonly string[] = [],
): Promise<Response> {
  const kept = broughtBack(form)
  if (!kept) throw new HttpError(422, 'This form can’t be read. Load the page again.')
  const headers = new Headers(c.req.raw.headers)
  headers.set('cookie', cookiesAfter(c, cookies))
  headers.delete('content-length')
  const url = new URL(app.config.URL_PREFIX + kept.path, c.req.url)
  const again = new Request(url, { method: 'POST', headers, body: kept.body })
  const answer = await app.fetch(again, c.env)
  for (const cookie of cookies) answer.headers.append('Set-Cookie', cookie)
  return answer
}

export function leadTo(page: string, info: RequestInfo, out: Outgoing): Response | Promise<Response> {
  const location = onTo(page, info.from)
  // a fragment can't hold that page, so the browser loads it whole
  const headers: Record<string, string> = info.partial ? { 'HX-Redirect': out.prefixed(location) } : {}
  return respond({ location, headers }, { ...out, wanted: 'page' })
}

const answerOf = ({ status, headers }: HttpError, screen: Screen) => ({
  status,
  headers,
  screen: () => screen,
})

const onTo = (page: string, next: string) =>
  page + (next === paths.home ? '' : `?next=${encodeURIComponent(next)}`)

function askedFirst(error: HttpError, visit: Visit): string | undefined {
  const { endpoint } = visit
  if (error.page) return error.page
  if (error instanceof StaleForm && wantedOf(visit) === 'part') return paths.resume
  // a 401 from a public form means a wrong password, not a missing session
  return error.status === 401 && !(endpoint && 'public' in endpoint.access) ? paths.login : undefined
}

async function asking(page: string, error: HttpError, visit: Visit, out: Outgoing): Promise<Screen | null> {
  const { info, app, fields } = visit
  const asks = app.endpoint('POST', page)
  if (!fields || !asks?.refused || page === paths.secondFactor) return null
  const kept = carried(keptOf(info.place, fields))
  const why = error.status === 401 ? 'Your session ended.' : error.message
  const rest = kept ? ' What you entered is kept.' : ''
  const refusal = { status: error.status, message: why + rest, errors: [], input: { next: info.from, kept } }
  return shown(asks, callOf(visit, undefined, fields), refusal, out.frame()).catch(() => null)
}

/** The form with its input, or the page it is on, under the message. */
async function drawnAgain(error: HttpError, visit: Visit, out: Outgoing): Promise<Screen | null> {
  const { endpoint, fields } = visit
  if (!endpoint || !fields || !IN_PLACE.includes(error.status)) return null
  const stale = error instanceof StaleForm
  try {
    const call = await admitted(visit, endpoint)
    const said = stale ? notYet(out.frame()) : error
    if (!endpoint.refused) return await standing(said, visit, out)
    const { status, errors = [], current } = error
    const { rawBody, version } = call
    // refused for another reason, so the search words wait
    const find = call.find && !(error instanceof SearchStep) ? { ...call.find, field: null } : call.find
    const message = summaryOf(said, out.requestId)
    return await shown(
      endpoint,
      { ...call, find },
      { status, message, errors, input: rawBody, current, version },
      out.frame(),
    )
  } catch {
    return null
  }
}

async function admitted(visit: Visit, endpoint: Endpoint): Promise<Call> {
  const { c, app, actor } = visit
  const grant = admit(endpoint, actor)
  await requireAssurance(endpoint, actor, app.db)
  await validate(visit, endpoint)
  const fields = visit.fields ?? {}
  const [version = null] = seenVersions(c, fields.version)
  return { ...callOf(visit, grant, fields), version }
}

const shown = async ({ refused }: Endpoint, call: Call, refusal: Refusal, frame: Frame): Promise<Screen> =>
  (await refused?.({ ...call, body: undefined } as never, refusal))?.(frame) as Promise<Screen>

async function standing(error: HttpError, visit: Visit, out: Outgoing): Promise<Screen | null> {
  const { app, info, c, endpoint } = visit
  const page = endpoint && app.pageOf(endpoint)
  if (!page) return null
  const [path, search = ''] = info.from.split('?', 2)
  const query = path === filled(page.path, c) ? queryOf(pairsOf(search)) : {}
  const call = await admitted(visit, page)
  const answer = await page.handle({
    ...call,
    query: page.query ? validQuery(page.query, query) : undefined,
  } as never)
  const screen = await answer.screen?.(out.frame())
  return screen ? { ...screen, refused: summaryFor(error, out) } : null
}

/** A resumed form is shown again first, and says who will send it. */
function notYet({ person }: Frame): HttpError {
  const who = person ? `You’re signed in as ${person.name}. ` : ''
  return new HttpError(403, `${who}Check what you entered, then send it again.`, {
    title: 'Nothing is saved yet',
  })
}
