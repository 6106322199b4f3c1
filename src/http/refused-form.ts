import type { Context } from 'hono'
import type { AppContext, Env } from '#src/http/app-context.ts'
import { cookiesAfter } from '#src/http/cookies.ts'
import { type FormTokens, StaleForm } from '#src/http/csrf.ts'
import type { Call, Endpoint, Refusal, Screen } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { type Body, bodyType, queryOf, readBody, validQuery } from '#src/http/input.ts'
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
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'

/** A pattern's path, with what the request has in it. */
export const filled = (pattern: string, c: Context) =>
  pattern.replace(/:(\w+)/g, (_, name) => encodeURIComponent(c.req.param(name) ?? ''))

/** A form on its way, as far as it came. */
export type Sent = {
  c: Context<Env>
  around: AppContext
  asked: RequestInfo
  out: Outgoing
  /** What was sent, as far as it was read, by a browser that vouches for being here. */
  fields: Record<string, unknown> | null
  endpoint: Endpoint | null
  /** The request, which nobody has been let in by yet. */
  call: () => Call
  /** Lets in whoever may. @throws what refuses the others */
  admit: (endpoint: Endpoint) => Promise<Call>
}

/** What is shown where the form stands; anything else is about what isn't there, or not for whoever asks. */
const IN_PLACE = [401, 403, 409, 412, 422, 429, 500, 503]
/** What may go well another time. */
const PASSES = [408, 429, 500, 503]

/**
 * A form that was refused. Nothing that was typed in is lost: a page with a script keeps its form and gets what is to be
 * said above it, or the place to ask first (js/sending.js); else the form is drawn again, or the answer carries on what
 * it held.
 */
export async function answerForm(error: HttpError, sent: Sent): Promise<Response> {
  const { asked, out } = sent
  const first = askedFirst(error, sent)
  if (asked.wanted === 'part') {
    if (first)
      return respondSummary(error, out, {
        'X-Ask': out.prefixed(onTo(first, first === paths.resume ? paths.home : paths.resume)),
      })
    const drawn =
      error.status === 412 || error instanceof SearchStep || error.errors?.some(({ path }) => path)
    const screen = drawn ? await drawnAgain(error, sent) : null
    return screen ? respond(answerOf(error, screen), out) : respondSummary(error, out)
  }
  const screen = first ? await asking(first, error, sent) : await drawnAgain(error, sent)
  if (screen) return respond(answerOf(error, screen), out)
  if (first) return leadTo(first, asked, out)
  const kept = sent.fields && PASSES.includes(error.status) ? keptOf(asked.place, sent.fields) : undefined
  return respondError(error, out, asked.path, kept)
}

export const FORM = 'application/x-www-form-urlencoded'

/** A form that was refused before it was read; null where there is none that a page of ours sent. */
export async function formOf(
  c: Context,
  forms: FormTokens,
  read: (c: Context) => Promise<Buffer>,
): Promise<Body | null> {
  const unread = bodyType(c) === FORM && !c.req.raw.bodyUsed
  return unread && forms.checkOrigin() ? readBody(c, { upload: false, read }) : null
}

/** The form that was refused until its person had signed in, or had proved who they are: as they left it. */
export async function resumed(
  c: Context<Env>,
  around: AppContext,
  form: string,
  cookies: readonly string[] = [],
): Promise<Response> {
  const kept = broughtBack(form)
  if (!kept) throw new HttpError(422, 'This is no form of ours.')
  const headers = new Headers(c.req.raw.headers)
  headers.set('cookie', cookiesAfter(c, cookies))
  headers.delete('content-length')
  const url = new URL(around.config.URL_PREFIX + kept.path, c.req.url)
  const again = new Request(url, { method: 'POST', headers, body: kept.body })
  const answer = await around.fetch(again, c.env)
  for (const cookie of cookies) answer.headers.append('Set-Cookie', cookie)
  return answer
}

/** To what is done first, and back to where somebody was. */
export function leadTo(page: string, asked: RequestInfo, out: Outgoing): Response | Promise<Response> {
  const location = onTo(page, asked.from)
  // a fragment can't hold that page: the browser is sent there as a whole
  const headers: Record<string, string> = asked.partial ? { 'HX-Redirect': out.prefixed(location) } : {}
  return respond({ location, headers }, { ...out, wanted: 'page' })
}

const answerOf = ({ status, headers }: HttpError, screen: Screen) => ({
  status,
  headers,
  screen: () => screen,
})

const onTo = (page: string, next: string) =>
  page + (next === paths.home ? '' : `?next=${encodeURIComponent(next)}`)

/** The page of what is done before the form can be sent at all. */
function askedFirst(error: HttpError, { asked, endpoint }: Sent): string | undefined {
  if (error.page) return error.page
  if (error instanceof StaleForm && asked.wanted === 'part') return paths.resume
  // a wrong password is none of a session that is lacking
  return error.status === 401 && !(endpoint && 'public' in endpoint.access) ? paths.login : undefined
}

/** The form that asks for it, which carries on what was sent. */
async function asking(page: string, error: HttpError, sent: Sent): Promise<Screen | null> {
  const { asked, around, fields, out } = sent
  const asks = around.endpoint('POST', page)
  if (!fields || !asks?.refused || page === paths.secondFactor) return null
  const kept = carried(keptOf(asked.place, fields))
  const why = error.status === 401 ? 'Your session ended.' : error.message
  const rest = kept ? ' What you entered is kept, and comes back next.' : ''
  const refusal = { status: error.status, message: why + rest, errors: [], input: { next: asked.from, kept } }
  return shown(asks, sent.call(), refusal, out.frame()).catch(() => null)
}

/** The form with its input; or the page that it stands on. What is to be said stands above either. */
async function drawnAgain(error: HttpError, sent: Sent): Promise<Screen | null> {
  const { endpoint, fields, out } = sent
  if (!endpoint || !fields || !IN_PLACE.includes(error.status)) return null
  const stale = error instanceof StaleForm
  try {
    const call = await sent.admit(endpoint)
    const said = stale ? notYet(out.frame()) : error
    if (!endpoint.refused) return await standing(said, sent)
    const { status, errors = [], current } = error
    const { rawBody: input, version } = call
    // refused for something else, the words only wait on
    const find = call.find && !(error instanceof SearchStep) ? { ...call.find, field: null } : call.find
    const message = summaryOf(said, out.requestId)
    return await shown(
      endpoint,
      { ...call, find },
      { status, message, errors, input, current, version },
      out.frame(),
    )
  } catch {
    return null
  }
}

const shown = async ({ refused }: Endpoint, call: Call, refusal: Refusal, frame: Frame): Promise<Screen> =>
  (await refused?.({ ...call, body: undefined } as never, refusal))?.(frame) as Promise<Screen>

/** The page that the form stands on, as it is now. */
async function standing(error: HttpError, sent: Sent): Promise<Screen | null> {
  const { around, asked, c, endpoint, out } = sent
  const page = endpoint && around.pageOf(endpoint)
  if (!page) return null
  const [path, search = ''] = asked.from.split('?', 2)
  const query = path === filled(page.path, c) ? queryOf(pairsOf(search)) : {}
  const call = await sent.admit(page)
  const answer = await page.handle({
    ...call,
    query: page.query ? validQuery(page.query, query) : undefined,
  } as never)
  const screen = await answer.screen?.(out.frame())
  return screen ? { ...screen, refused: summaryFor(error, out) } : null
}

/** Whoever comes back to a form sees it before anything is done, and as whom they do it. */
function notYet({ person }: Frame): HttpError {
  const who = person ? `You are signed in as ${person.name}. ` : ''
  return new HttpError(403, `${who}Check what you entered, then send it again.`, {
    title: 'Nothing is saved yet',
  })
}
