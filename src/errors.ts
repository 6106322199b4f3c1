import { about } from '#src/locale/instructions.ts'

export type FieldError = { path: string; message: string }

type Details = {
  /** In a few words, where the kind of error doesn't say enough. */
  title?: string
  /** Names the kind of problem to programs. */
  type?: string
  errors?: FieldError[]
}

/** What stands in the way of what was asked, in words for whoever asked. `src/http/errors.ts` makes answers of them. */
export abstract class DomainError extends Error {
  readonly title: string | undefined
  readonly type: string | undefined
  readonly errors: FieldError[] | undefined

  constructor(message: string, { title, type, errors }: Details = {}) {
    super(message)
    this.title = title
    this.type = type
    this.errors = errors
  }
}

/** What was asked for means nothing here. */
export class Malformed extends DomainError {}

/** What was shown doesn't prove who somebody is. */
export class WrongCredentials extends DomainError {
  constructor(message: string, type = 'wrong-credentials') {
    super(message, { title: 'Not signed in', type })
  }
}

/** Whoever asks was signed in until just now. */
export class SessionEnded extends DomainError {}

/** Not for whoever asks. The message doesn't say which permission is missing. */
export class Forbidden extends DomainError {
  /** For the trail, not for the answer. */
  readonly wanted: string
  constructor(wanted: string, message = 'You don’t have access to this.') {
    super(message)
    this.wanted = wanted
  }
}

export class NotFound extends DomainError {}

/** Not while things are as they are. */
export class Conflict extends DomainError {}

export class Stale extends DomainError {
  readonly current: unknown
  constructor(current: unknown) {
    super('Someone changed this in the meantime.')
    this.current = current
  }
}

export class Invalid extends DomainError {}

/** Too often for now. */
export class TooMany extends DomainError {
  readonly retryAfter: number
  constructor(message: string, retryAfter: number, details: Details = {}) {
    super(message, details)
    this.retryAfter = retryAfter
  }
}

/** The installation isn't set up for this yet. */
export class NotReady extends DomainError {}

export const notFound = (what = 'This doesn’t exist, or you don’t have access.') => new NotFound(what)

export const invalid = (errors: FieldError[]) =>
  new Invalid(errors.map(({ path, message }) => about(path, message)).join('; '), { errors })

export const conflict = (path: string, message: string) =>
  new Conflict(about(path, message), { errors: [{ path, message }] })

/** By an account whose address nobody has shown to be theirs. */
export const unproved = (
  message = 'Before you switch organizations, confirm your e-mail address on your Security page.',
) => new Conflict(message, { title: 'Confirm your address first', type: 'unproved-address' })

export const stale = (current: unknown) => new Stale(current)

/** How long somebody waits, in the words of a person. */
export function wait(seconds: number): string {
  const [count, unit] = seconds < 120 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
