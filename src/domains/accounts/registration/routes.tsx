import { sentScreen } from '#src/domains/accounts/fields.tsx'
import { originOf } from '#src/domains/accounts/origin.ts'
import { beginRegistration, register } from '#src/domains/accounts/registration/actions.ts'
import { registeredAnswer, registration } from '#src/domains/accounts/registration/model.ts'
import { signIn } from '#src/domains/accounts/sign-in/actions.ts'
import { registerScreen } from '#src/domains/accounts/sign-in/views.tsx'
import { notFound } from '#src/errors.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, everybody, get, post, type Services } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'

const visitors = everybody('this is how people get an account')
const SENT = 'We’ve sent a link to your e-mail address. Your account starts when you use it.'

const openRegistration = ({ services }: { services: Services }) => {
  if (!services.config.USER_REGISTRATION_ENABLED) throw notFound('Registration is switched off here.')
}

export const registrationRoutes = [
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
      rate: 'registration',
      body: registration,
      refused:
        ({ services }, refusal) =>
        (frame) =>
          registerScreen(frame, passwordRules(services.config), refusal),
    },
    async (call): Promise<Answer> => {
      openRegistration(call)
      const { db, services, body } = call
      const { config } = services
      if (config.EMAIL_VALIDATION_ENABLED) {
        await beginRegistration(db, config, body, originOf(call))
        return { status: 202, screen: (frame) => sentScreen(frame, SENT) }
      }
      await register(db, config, body, originOf(call))
      const credentials = { name: body.username, password: body.password, organization: null }
      const session = await signIn(db, config, credentials, 'browser', originOf(call))
      return { location: paths.home, notice: 'Welcome', cookies: new Cookies(config).signedIn(session) }
    },
  ),

  post(
    paths.auth.register,
    visitors,
    {
      only: 'api',
      rate: 'registration',
      body: registration,
      answer: registeredAnswer,
      status: 201,
      otherStatuses: [202, 404, 409],
      summary: 'Register in the default organization; if addresses have to be confirmed, 202 and an e-mail',
    },
    async (call): Promise<Answer> => {
      openRegistration(call)
      const { db, services, body } = call
      if (services.config.EMAIL_VALIDATION_ENABLED) {
        await beginRegistration(db, services.config, body, originOf(call))
        return { status: 202, json: { detail: SENT } }
      }
      const { id } = await register(db, services.config, body, originOf(call))
      const { username, email, first_name, last_name } = body
      return {
        status: 201,
        json: { id, username, email, first_name, last_name, status: 'active' },
        location: paths.user(id),
      }
    },
  ),
]
