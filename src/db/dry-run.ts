/** Thrown in a transaction to roll it back while keeping its result. */
export class RolledBack<T> extends Error {
  readonly answer: T
  constructor(answer: T) {
    super('rolled back')
    this.answer = answer
  }
}

/** The result of a transaction, whether committed or `RolledBack`. */
export const answerOf = <T>(transaction: Promise<T>): Promise<T> =>
  transaction.catch((error: unknown) => {
    if (error instanceof RolledBack) return error.answer as T
    throw error
  })
