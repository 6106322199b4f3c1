import { originOf } from '#src/domains/accounts/origin.ts'
import { signInByCode } from '#src/domains/accounts/sign-in/code-actions.ts'
import { sentCode } from '#src/domains/accounts/sign-in/model.ts'
import { codeScreen, loginScreen } from '#src/domains/accounts/sign-in/views.tsx'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, everybody, get, post } from '#src/http/endpoint.ts'
import { paths, safeNext } from '#src/paths.ts'

const halfway = everybody('the password was right, and the code is still due')

/** The second step of signing in with a browser. */
export const codeRoutes = [
  get(paths.loginCode(), halfway, { only: 'page' }, ({ c, actor, services }): Answer => {
    const next = safeNext(c.req.query('next'))
    if (actor) return { location: next }
    if (!new Cookies(services.config).pendingSignInOf(c)) return { location: paths.login }
    return { screen: (frame) => codeScreen(frame, { next }) }
  }),

  post(
    paths.loginCode(),
    halfway,
    {
      only: 'page',
      rate: 'sign-in',
      body: sentCode,
      refused: ({ services }, refusal) => {
        const next = safeNext(String(refusal.input.next ?? ''))
        const registration = services.config.USER_REGISTRATION_ENABLED
        return (frame) =>
          refusal.status === 401
            ? loginScreen(frame, { next, registration, refusal })
            : codeScreen(frame, { next, refusal })
      },
    },
    async (call) => {
      const { c, db, services, body } = call
      const cookies = new Cookies(services.config)
      const given = { pending: cookies.pendingSignInOf(c), code: body.code }
      const session = await signInByCode(db, services.config, given, originOf(call))
      return { location: safeNext(body.next), resumes: body.kept, cookies: cookies.signedIn(session) }
    },
  ),
]
