import { fn } from '#src/db/functions.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

type Opening = Parameters<typeof fn.open_session>[0]
type Whose = Pick<Opening, 'account' | 'org' | 'person' | 'proved'>

/** Opens a program's session for a day, with what was proved and nothing else. */
export const opening = (whose: Whose, others: Partial<Opening> = {}) =>
  fn.open_session({
    ...whose,
    session_kind: 'token',
    hash: tokenHash(newToken()),
    ip: null,
    agent: 'a program',
    max_days: 1,
    idle_hours: 1,
    context: '{}',
    device_was: null,
    device: null,
    step: null,
    recovery: null,
    pending: null,
    ...others,
  })
