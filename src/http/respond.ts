import { gzipSync } from 'node:zlib'
import type { Answer, Screen } from '#src/http/endpoint.ts'
import { HttpError, pageTitle } from '#src/http/errors.ts'
import type { Kept } from '#src/http/kept.ts'
import type { Wanted } from '#src/http/negotiation.ts'
import type { Common } from '#src/http/origins.ts'
import { nothingRuns, pagePolicy } from '#src/http/policy.ts'
import { namesTag, tagOf } from '#src/http/tag.ts'
import { paths } from '#src/paths.ts'
import { ErrorPage } from '#src/ui/feedback.tsx'
import { RefusalSummary, type RefusalSummaryProps, withLabels } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Markup } from '#src/ui/html.ts'
import { isolated } from '#src/ui/isolated.ts'
import { Asking, Page, Part, Plain } from '#src/ui/layout.tsx'

const PACKED_FROM = 1000

export type Outgoing = {
  wanted: Wanted
  requestId: string
  asks: boolean
  common: Common
  packs: boolean
  frame: () => Frame
  /** Adds the URL prefix and, where the request came through it, `/api/v1`. */
  locate: (path: string) => string
  prefixed: (path: string) => string
  setNotice: (text: string, undo?: string) => string
  /** Set by drawing the frame: a visitor's cookie for forms, and the shown notice removed. */
  cookies: () => string[]
  limit?: Record<string, string> | undefined
  reads: boolean
  noneMatch?: string
}

/** The only place that looks at what the client wants: JSON, a fragment, or a page. */
export function respond(answer: Answer, out: Outgoing): Response | Promise<Response> {
  if (out.wanted === 'json') return jsonResponse(answer, out)
  if (answer.document) return documentResponse(answer.document, out)
  if (answer.location !== undefined && !answer.screen) return redirect(answer, out)
  return pageResponse(answer, out)
}

function jsonResponse(answer: Answer, out: Outgoing): Response {
  const { status = 200, json, etag: version, location, headers, cookies } = answer
  const all: Record<string, string> = {
    ...out.common,
    'X-Request-Id': out.requestId,
    'Content-Security-Policy': nothingRuns,
    'Cache-Control': 'private, no-cache',
    ...out.limit,
    ...headers,
  }
  if (location !== undefined) all.Location = out.locate(location)
  if (json === undefined) return empty(status === 200 ? 204 : status, all, cookies)
  const text = typeof json === 'string' ? json : JSON.stringify(json)
  const packing = packingOf(text, out)
  Object.assign(all, packing.headers)
  const read = out.reads && status === 200
  const tag = read || version !== undefined ? tagOf(text, version, packing.coding) : undefined
  if (tag) all.ETag = tag
  if (tag && read && namesTag(out.noneMatch, tag)) {
    delete all['Content-Encoding']
    return empty(304, all, cookies)
  }
  all['Content-Type'] = 'application/json; charset=UTF-8'
  return withCookies(new Response(packing.body(), { status, headers: all }), cookies)
}

type Packing = {
  coding: 'gzip' | null
  headers: Record<string, string>
  body: () => string | Uint8Array<ArrayBuffer>
}

function packingOf(text: string, { packs, common }: Outgoing): Packing {
  const Vary = `${common.Vary}, Accept-Encoding`
  if (text.length <= PACKED_FROM) return { coding: null, headers: {}, body: () => text }
  if (!packs) return { coding: null, headers: { Vary }, body: () => text }
  // favours speed: compressing blocks everyone else
  const body = () => gzipSync(text, { level: 3 })
  return { coding: 'gzip', headers: { Vary, 'Content-Encoding': 'gzip' }, body }
}

const empty = (status: number, headers: Record<string, string>, cookies?: string[]) =>
  withCookies(new Response(null, { status, headers }), cookies)

/** Percent-encodes what a header can't hold. */
const ascii = (url: string) => url.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent)

function redirect({ location = '', notice, undo, cookies = [], headers }: Answer, out: Outgoing): Response {
  const all = notice ? [...cookies, out.setNotice(notice, undo)] : cookies
  return empty(
    303,
    {
      ...out.common,
      ...headers,
      'X-Request-Id': out.requestId,
      'Content-Security-Policy': nothingRuns,
      'Cache-Control': 'private, no-store',
      Location: out.prefixed(ascii(location)),
    },
    all,
  )
}

async function pageResponse(answer: Answer, out: Outgoing): Promise<Response> {
  if (!answer.screen) throw new HttpError(406, 'There is no page for this.')
  const frame = out.frame()
  return markup(await answer.screen(frame), frame, out, answer)
}

function documentResponse(draw: (frame: Frame) => Markup, out: Outgoing): Response {
  const frame = out.frame()
  return html(draw(frame), frame, out)
}

function markup(screen: Screen, frame: Frame, out: Outgoing, answer: Answer): Response {
  const { plain, ...rest } = screen
  const framed = out.wanted === 'part' ? Part : Page
  const draw = plain ? (out.asks ? Asking : Plain) : framed
  return html(draw({ frame, ...rest }), frame, out, answer)
}

function html(
  content: Markup,
  frame: Frame,
  out: Outgoing,
  { status = 200, headers, cookies }: Answer = {},
): Response {
  const drawn = isolated(content.toString())
  const text = status < 400 ? drawn : withLabels(drawn)
  const packing = packingOf(text, out)
  const response = new Response(packing.body(), {
    status,
    headers: {
      ...out.common,
      ...packing.headers,
      'X-Request-Id': out.requestId,
      'Content-Type': 'text/html; charset=UTF-8',
      'Content-Security-Policy': pagePolicy(frame.nonce),
      'Cache-Control': 'private, no-store',
      ...headers,
    },
  })
  return withCookies(response, [...(cookies ?? []), ...out.cookies()])
}

function withCookies(response: Response, cookies: string[] | undefined): Response {
  for (const cookie of cookies ?? []) response.headers.append('Set-Cookie', cookie)
  return response
}

export const summaryOf = ({ status, message }: HttpError, requestId: string) =>
  status === 500 ? `${message} Request ${requestId}.` : message

export function respondSummary(
  error: HttpError,
  out: Outgoing,
  headers: Record<string, string> = {},
): Response {
  const summary = RefusalSummary(summaryFor(error, out)) as Markup
  const { status } = error
  return html(summary, out.frame(), out, { status, headers: { ...error.headers, ...headers } })
}

export const summaryFor = (error: HttpError, { requestId, frame }: Outgoing): RefusalSummaryProps => ({
  title: pageTitle(error),
  message: summaryOf(error, requestId),
  why: whyOf(error, requestId, frame()),
})

/** An error as problem+json (RFC 9457) or as a page. @param kept the form that it refused */
export function respondError(error: HttpError, out: Outgoing, instance: string, kept?: Kept): Response {
  if (out.wanted === 'json') {
    const { status, title, type, errors, message, current, headers } = error
    const body = {
      type,
      title,
      status,
      detail: message,
      instance,
      request_id: out.requestId,
      errors,
      current,
    }
    const packing = packingOf(JSON.stringify(body), out)
    return new Response(packing.body(), {
      status,
      headers: {
        ...out.common,
        ...packing.headers,
        ...out.limit,
        ...headers,
        'X-Request-Id': out.requestId,
        'Content-Security-Policy': nothingRuns,
        'Content-Type': 'application/problem+json; charset=UTF-8',
        'Cache-Control': 'private, no-store',
      },
    })
  }
  const frame = out.frame()
  const next = frame.person
    ? { label: 'Home', href: frame.path('/') }
    : { label: 'Sign in', href: frame.path('/login') }
  const screen: Screen = {
    plain: !frame.person,
    title: pageTitle(error),
    children: ErrorPage({
      status: error.status,
      detail: error.message,
      requestId: out.requestId,
      next,
      why: whyOf(error, out.requestId, frame),
      again: kept && {
        action: frame.path(kept.path),
        fields: [...kept.fields, ['csrf_token', frame.csrfToken]],
      },
    }),
  }
  return markup(screen, frame, out, { status: error.status, headers: error.headers })
}

/** Links to the reason by request, since the page names no permission. */
const whyOf = ({ status, type }: HttpError, request: string, { person, path }: Frame) =>
  status === 403 && type === 'about:blank' && person ? path(paths.access.why({ request })) : undefined
