import type { UserActor } from '#src/access/actor.ts'
import { signIn, signOut } from '#src/domains/auth/actions.ts'
import { credentials, meAnswer, tokenAnswer } from '#src/domains/auth/model.ts'
import { originOf } from '#src/domains/auth/origin.ts'
import { passwordRoutes } from '#src/domains/auth/password-routes.tsx'
import { registrationRoutes } from '#src/domains/auth/registration-routes.tsx'
import { securityRoutes } from '#src/domains/auth/security-routes.tsx'
import { confirmRoutes } from '#src/domains/auth/tokens-confirm-routes.tsx'
import { linkRoutes } from '#src/domains/auth/tokens-routes.tsx'
import { loginScreen } from '#src/domains/auth/views.tsx'
import { users } from '#src/domains/users/model.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, type Call, everybody, get, known, post, signedIn } from '#src/http/endpoint.ts'
import { paths, safeNext } from '#src/paths.ts'
import { findRecord } from '#src/resource/query.ts'

const entrance = everybody('signing in comes before being somebody')

/** The person, with what they may: what a program asks for first. */
async function me({ db, actor }: { db: Call['db']; actor: UserActor }) {
  const own = actor.find('user:read')
  const [found] = own
    ? await db.readAs(actor, (q) => findRecord(q, users, actor, own, actor.userId), { prepared: true })
    : []
  const { organization, username, name, rights, home: at } = actor.identity
  const user = found ? JSON.parse(found.json) : { id: actor.userId, username, name }
  const home = at && { organization: { id: at.orgId, name: at.organizationName }, user_id: at.userId }
  return { ...user, organization, home, permissions: [...rights.permissions].sort() }
}

export const authRoutes = [
  ...registrationRoutes,
  ...passwordRoutes,
  ...confirmRoutes,
  ...linkRoutes,
  ...securityRoutes,

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
      const session = await signIn(db, services.config, body, 'browser', originOf(call))
      return { location: safeNext(body.next), cookies: new Cookies(services.config).signedIn(session) }
    },
  ),

  post(paths.logout, signedIn, { only: 'page' }, async ({ db, actor, services }) => {
    await signOut(db, actor)
    const cookies = new Cookies(services.config)
    return {
      location: paths.login,
      cookies: [cookies.drop(cookies.session)],
      headers: { 'Clear-Site-Data': '"cache"' },
    }
  }),

  post(
    paths.auth.login,
    entrance,
    {
      only: 'api',
      rate: 'sign-in',
      body: credentials,
      answer: tokenAnswer,
      summary: 'Sign in, for a token',
    },
    async (call) => {
      const { db, services, body } = call
      const { token } = await signIn(db, services.config, body, 'token', originOf(call))
      const expires = Math.round(services.config.SESSION_MAX_DAYS * 86_400)
      return {
        json: { access_token: token, token_type: 'Bearer', expires_in: expires },
        headers: { 'Cache-Control': 'no-store' },
      }
    },
  ),

  post(
    paths.auth.logout,
    signedIn,
    { only: 'api', summary: 'End the session of this token' },
    async ({ db, actor }) => {
      await signOut(db, actor)
      return { status: 204 }
    },
  ),

  get(
    paths.auth.me,
    known,
    { only: 'api', answer: meAnswer, summary: 'Who I am, and what I may' },
    async (call) => ({ json: await me(call) }),
  ),
]
