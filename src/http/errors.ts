import { Revoked } from '#src/access/renewal.ts'
import { CommitUnknown, StatementTimeout, Unavailable } from '#src/db/errors.ts'
import {
  Conflict,
  DomainError,
  type FieldError,
  Forbidden,
  Invalid,
  Malformed,
  NotFound,
  NotReady,
  SessionEnded,
  Stale,
  TooMany,
  WrongCredentials,
} from '#src/errors.ts'
import { Busy } from '#src/platform/semaphore.ts'

type Details = {
  title?: string | undefined
  type?: string | undefined
  errors?: FieldError[] | undefined
  headers?: Record<string, string>
  current?: unknown
  page?: string
}

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

/** Thrown instead of answering; becomes problem+json, a page, or messages in the form. */
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

export const challenge = { 'WWW-Authenticate': 'Bearer' }

type Kind = abstract new (...given: never[]) => DomainError

const statuses: readonly (readonly [Kind, number])[] = [
  [Malformed, 400],
  [WrongCredentials, 401],
  [SessionEnded, 401],
  [Forbidden, 403],
  [Revoked, 403],
  [NotFound, 404],
  [Conflict, 409],
  [Stale, 412],
  [Invalid, 422],
  [TooMany, 429],
  [NotReady, 503],
]

function answerOf(error: DomainError): HttpError {
  const { message, title, type, errors } = error
  const [, status = 500] = statuses.find(([kind]) => error instanceof kind) ?? []
  return new HttpError(status, message, {
    title,
    type,
    errors,
    headers: headersOf(error),
    current: error instanceof Stale ? error.current : undefined,
  })
}

function headersOf(error: DomainError): Record<string, string> {
  if (error instanceof SessionEnded) return challenge
  return error instanceof TooMany ? { 'Retry-After': String(error.retryAfter) } : {}
}

export function httpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof DomainError) return answerOf(error)
  if (error instanceof CommitUnknown)
    return new HttpError(
      503,
      'The database didn’t answer, so your change might not be saved. Check before you try again.',
      { type: 'outcome-unknown', headers: { 'Retry-After': '2' } },
    )
  if (error instanceof Unavailable || error instanceof StatementTimeout) {
    return new HttpError(503, 'Please try again in a moment.', { headers: { 'Retry-After': '2' } })
  }
  if (error instanceof Busy)
    return new HttpError(503, 'Too many people are signing in right now. Try again in ten seconds.', {
      headers: { 'Retry-After': '10' },
    })
  return new HttpError(500, 'The error was recorded. Please try again.')
}
