import type { UserActor } from '#src/access/actor.ts'
import { register, signIn, signOut } from '#src/domains/auth/actions.ts'
import {
  credentials,
  meAnswer,
  registeredAnswer,
  registration,
  tokenAnswer,
} from '#src/domains/auth/model.ts'
import { loginScreen, registerScreen } from '#src/domains/auth/views.tsx'
import { users } from '#src/domains/users/model.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, type Call, everybody, get, post, type Services, signedIn } from '#src/http/endpoint.ts'
import { notFound } from '#src/http/errors.ts'
import { paths, safeNext } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'
import { findRecord } from '#src/resource/query.ts'

const entrance = everybody('signing in comes before being somebody')
const visitors = everybody('whoever has no account yet')

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

const openRegistration = ({ services }: { services: Services }) => {
  if (!services.config.USER_REGISTRATION_ENABLED) throw notFound('Registration is switched off here.')
}

export const authRoutes = [
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
    async ({ c, db, services, body, request }) => {
      const cookies = new Cookies(services.config)
      const from = { ...request, device: cookies.deviceOf(c) }
      const opened = await signIn(db, services.config, body, 'browser', from)
      return { location: safeNext(body.next), cookies: cookies.signedIn(opened) }
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

  get(paths.register, visitors, { only: 'page' }, (call): Answer => {
    openRegistration(call)
    if (call.actor) return { location: paths.home }
    return { screen: (frame) => registerScreen(frame, passwordRules(call.services.config)) }
  }),

  post(
    paths.register,
    visitors,
    {
      only: 'page',
      rate: 'sign-in',
      body: registration,
      refused:
        ({ services }, refusal) =>
        (frame) =>
          registerScreen(frame, passwordRules(services.config), refusal),
    },
    async (call) => {
      openRegistration(call)
      const { db, services, body, request } = call
      await register(db, services.config, body, request.id)
      const credentials = { name: body.username, password: body.password, organization: null }
      const opened = await signIn(db, services.config, credentials, 'browser', request)
      const cookies = new Cookies(services.config)
      return { location: paths.home, notice: 'Welcome', cookies: cookies.signedIn(opened) }
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
      summary: 'Sign in, for a token',
    },
    async ({ c, db, services, body, request }) => {
      const from = { ...request, device: new Cookies(services.config).deviceOf(c) }
      const { token } = await signIn(db, services.config, body, 'token', from)
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

  post(
    paths.auth.register,
    visitors,
    {
      only: 'api',
      rate: 'sign-in',
      body: registration,
      answer: registeredAnswer,
      status: 201,
      also: [404, 409],
      summary: 'Register in the default organization',
    },
    async (call) => {
      openRegistration(call)
      const { db, services, body, request } = call
      const { id } = await register(db, services.config, body, request.id)
      const { username, email, first_name, last_name } = body
      return {
        status: 201,
        json: { id, username, email, first_name, last_name, status: 'active' },
        location: paths.user(id),
      }
    },
  ),

  get(
    paths.auth.me,
    signedIn,
    { only: 'api', answer: meAnswer, summary: 'Who I am, and what I may' },
    async (call) => ({ json: await me(call) }),
  ),
]
