import type { UserActor } from '#src/access/actor.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { signIn, signInOrAsk, signOut } from '#src/domains/accounts/sign-in/actions.ts'
import { askForCode } from '#src/domains/accounts/sign-in/code-actions.ts'
import { credentials, meAnswer } from '#src/domains/accounts/sign-in/model.ts'
import { codeScreen, loginScreen } from '#src/domains/accounts/sign-in/views.tsx'
import { renewable } from '#src/domains/accounts/tokens/actions.ts'
import { tokensAnswered } from '#src/domains/accounts/tokens/answer.ts'
import { tokenAnswer } from '#src/domains/accounts/tokens/model.ts'
import { ownRecord } from '#src/domains/accounts/tokens/queries.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, authenticated, type Call, everybody, get, post, signedIn } from '#src/http/endpoint.ts'
import { paths, safeNext } from '#src/paths.ts'

const entrance = everybody('this is how people sign in')

/** The person, with what they may: what a program asks for first. */
async function me({ db, actor }: { db: Call['db']; actor: UserActor }) {
  const { organization, rights, home: at } = actor.identity
  const home = at && { organization: { id: at.orgId, name: at.organizationName }, user_id: at.userId }
  return { ...(await ownRecord(db, actor)), organization, home, permissions: [...rights.permissions].sort() }
}

export const signInRoutes = [
  get(paths.login, entrance, { only: 'page' }, ({ c, actor, services }): Answer => {
    const next = safeNext(c.req.query('next'))
    if (actor) return { location: next }
    return {
      screen: (frame) =>
        loginScreen(frame, { next, registration: services.config.USER_REGISTRATION_ENABLED }),
    }
  }),

  post(
    paths.login,
    entrance,
    {
      only: 'page',
      rate: 'sign-in',
      body: credentials,
      refused:
        ({ services }, refusal) =>
        (frame) =>
          loginScreen(frame, {
            next: safeNext(refusal.input.next as string | undefined),
            registration: services.config.USER_REGISTRATION_ENABLED,
            refusal,
          }),
    },
    async (call) => {
      const { db, services, body } = call
      const cookies = new Cookies(services.config)
      const session = await signInOrAsk(db, services.config, body, 'browser', originOf(call))
      const next = safeNext(body.next)
      const { kept } = body
      if (!('asks' in session)) return { location: next, resumes: kept, cookies: cookies.signedIn(session) }
      const pending = await askForCode(db, session.asks, originOf(call))
      const asked = { cookies: [cookies.setPendingSignIn(pending)], location: paths.loginCode(next) }
      return kept === undefined ? asked : { ...asked, screen: (frame) => codeScreen(frame, { next, kept }) }
    },
  ),

  post(
    paths.logout,
    signedIn,
    { only: 'page', allowedBeforeSecondFactor: true },
    async ({ db, actor, services }) => {
      await signOut(db, actor)
      const cookies = new Cookies(services.config)
      return {
        location: paths.login,
        cookies: [cookies.drop(cookies.session)],
        headers: { 'Clear-Site-Data': '"cache"' },
      }
    },
  ),

  post(
    paths.auth.login,
    entrance,
    {
      only: 'api',
      rate: 'sign-in',
      body: credentials,
      answer: tokenAnswer,
      summary: 'Sign in and get a token',
    },
    async (call) => {
      const { db, services, body } = call
      const { token } = await signIn(db, services.config, body, 'token', originOf(call))
      return tokensAnswered(call, await renewable(db, services.config, token))
    },
  ),

  post(
    paths.auth.logout,
    signedIn,
    { only: 'api', allowedBeforeSecondFactor: true, summary: 'Sign out: end the session of this token' },
    async ({ db, actor }) => {
      await signOut(db, actor)
      return { status: 204 }
    },
  ),

  get(
    paths.auth.me,
    authenticated,
    { only: 'api', answer: meAnswer, summary: 'Get who you are and what you can do' },
    async (call) => ({ json: await me(call) }),
  ),
]
