/** The secret key of every test's application. */
export const SECRET = 'only for tests, and of thirty-two characters at least'

/** The password of everybody in the tests who has one; it is hashed once a run. */
export const PASSWORD = 'Correct-Horse-7'
