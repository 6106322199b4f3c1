/** Thrown in a transaction: nothing of it is kept, and its answer goes on. */
export class RolledBack<T> extends Error {
  readonly answer: T
  constructor(answer: T) {
    super('rolled back')
    this.answer = answer
  }
}

/** The answer of a transaction, whether it was kept or `RolledBack`. */
export const answerOf = <T>(transaction: Promise<T>): Promise<T> =>
  transaction.catch((error: unknown) => {
    if (error instanceof RolledBack) return error.answer as T
    throw error
  })
