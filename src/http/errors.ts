import { Forbidden } from '#src/access/grant.ts'
import { LastAdministrator } from '#src/access/granting.ts'
import { Revoked } from '#src/access/renewal.ts'
import { CommitUnknown, Dangling, Taken, TooSlow, Unavailable } from '#src/db/errors.ts'
import { KeyReused } from '#src/db/once.ts'
import { BadCursor } from '#src/db/paging.ts'
import { about } from '#src/locale/instructions.ts'
import { Busy } from '#src/platform/turns.ts'

/** As problem+json has it (RFC 9457): the field's path, and what is wrong with it. */
export type FieldError = { path: string; message: string }

type Details = {
  title?: string
  /** Names the kind of problem to programs; `about:blank` where the status says it all. */
  type?: string
  errors?: FieldError[]
  headers?: Record<string, string>
  /** The record as it stands, for a 412. */
  current?: unknown
  /** Where a person does first what is asked, and then goes on. */
  page?: string
}

/** What each status says. */
export const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Too slow',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  429: 'Too many attempts',
  500: 'Something went wrong',
  503: 'Not available right now',
}

/** The same for people, where nothing better is known. */
const inWords: Record<number, string> = {
  400: 'This link is out of date',
  403: 'No access',
  405: 'This link is out of date',
  406: 'This link is out of date',
  409: 'This can’t be done now',
  412: 'Changed in the meantime',
  422: 'There is a problem',
  503: 'Not available right now',
}

export function pageTitle({ status, type, title }: HttpError): string {
  if (title !== titles[status]) return title
  return type === 'csrf' ? 'This form is out of date' : (inWords[status] ?? title)
}

/** What a handler throws instead of answering; becomes problem+json, a page, or messages in the form. */
export class HttpError extends Error {
  readonly status: number
  readonly title: string
  readonly type: string
  readonly errors: FieldError[] | undefined
  readonly headers: Record<string, string>
  readonly current: unknown
  readonly page: string | undefined

  constructor(
    status: number,
    detail: string,
    { title, type, errors, headers = {}, current, page }: Details = {},
  ) {
    super(detail)
    this.status = status
    this.title = title ?? titles[status] ?? 'Error'
    this.type = type ?? 'about:blank'
    this.errors = errors
    this.headers = headers
    this.current = current
    this.page = page
  }
}

export const notFound = (what = 'This doesn’t exist, or you don’t have access.') => new HttpError(404, what)

/** How long somebody waits, in the words of a person. */
export function wait(seconds: number): string {
  const [count, unit] = seconds < 120 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** 422 with a message at each field. */
export const invalid = (errors: FieldError[]) =>
  new HttpError(422, errors.map(({ path, message }) => about(path, message)).join('; '), {
    errors,
  })

/** 409 at one field. */
export const conflict = (path: string, message: string) =>
  new HttpError(409, about(path, message), { errors: [{ path, message }] })

/** 409: by an account whose address nobody has shown to be theirs. */
export const unproved = (
  detail = 'Before you switch organizations, confirm your e-mail address on your Security page.',
) => new HttpError(409, detail, { title: 'Confirm your address first', type: 'unproved-address' })

/** 412: the record has another version by now. */
export const stale = (current: unknown) =>
  new HttpError(412, 'Someone changed this in the meantime.', { current })

/** Whatever was thrown, as what the client gets to know of it. */
export function httpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof Forbidden || error instanceof Revoked) return new HttpError(403, error.message)
  if (error instanceof LastAdministrator) return new HttpError(409, error.message)
  if (error instanceof BadCursor) return new HttpError(400, error.message)
  if (error instanceof Taken) return new HttpError(409, 'This name is already in use.')
  if (error instanceof Dangling) return new HttpError(422, 'This refers to something that doesn’t exist.')
  if (error instanceof KeyReused)
    return new HttpError(422, 'This Idempotency-Key was used for a different request.', {
      type: 'idempotency-key-reused',
    })
  if (error instanceof CommitUnknown)
    return new HttpError(
      503,
      'The database didn’t answer, so your change might not be saved. Check before you try again.',
      { type: 'outcome-unknown', headers: { 'Retry-After': '2' } },
    )
  if (error instanceof Unavailable || error instanceof TooSlow) {
    return new HttpError(503, 'Please try again in a moment.', { headers: { 'Retry-After': '2' } })
  }
  if (error instanceof Busy)
    return new HttpError(503, 'Too many people are signing in right now. Try again in ten seconds.', {
      headers: { 'Retry-After': '10' },
    })
  return new HttpError(500, 'The error was recorded. Please try again.')
}
