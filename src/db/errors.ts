import { Conflict, Invalid } from '#src/errors.ts'
/** The database can't be reached or created; the message says what to do. */
export class DatabaseError extends Error {}

/** The database is down, shutting down, or out of connections: 503, try again. */
export class Unavailable extends Error {}

/** A statement exceeded its time limit: 503. */
export class StatementTimeout extends Error {}

/** The server answered the commit with a rollback: nothing was saved. */
export class CommitLost extends Error {
  constructor() {
    super('the transaction was rolled back at its commit')
  }
}

/** The commit was sent and never answered: everything was saved, or nothing. */
export class CommitUnknown extends Unavailable {
  constructor(cause: Error) {
    super('the commit was not answered', { cause })
  }
}

/** A unique key is taken. `constraint` is its name in the schema. */
export class UniqueViolation extends Conflict {
  readonly constraint: string
  constructor(constraint: string) {
    super('This name is already in use.')
    this.constraint = constraint
  }
}

/** A reference to a row outside this organization. */
export class ForeignKeyViolation extends Invalid {
  readonly constraint: string
  constructor(constraint: string) {
    super('This refers to something that doesn’t exist.')
    this.constraint = constraint
  }
}

const AWAY = /^(08|57P0[1-3]|53[0-9]{2})/
const NETWORK = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']

/** Turns driver errors into the classes above, by SQLSTATE (PostgreSQL, appendix A). */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code = '', constraint = '' } = error as { code?: string; constraint?: string }
  if (code === '23505') return new UniqueViolation(constraint)
  if (code === '23503') return new ForeignKeyViolation(constraint)
  if (code === '57014') return new StatementTimeout(error.message)
  if (
    AWAY.test(code) ||
    NETWORK.includes(code) ||
    /^(Connection terminated|timeout e|Client (has|was)|Cannot use a pool|Query read timeout)/i.test(
      error.message,
    )
  ) {
    return new Unavailable(error.message, { cause: error })
  }
  return error
}
