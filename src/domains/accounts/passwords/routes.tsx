import { chooseScreen, sentScreen } from '#src/domains/accounts/fields.tsx'
import { openLink } from '#src/domains/accounts/link.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { forgotPassword, resetPassword } from '#src/domains/accounts/passwords/actions.ts'
import { chosenByLink, chosenPassword, forgotten, underWay } from '#src/domains/accounts/passwords/model.ts'
import { forgotScreen } from '#src/domains/accounts/passwords/views.tsx'
import { Cookies } from '#src/http/cookies.ts'
import { type Call, type Draw, everybody, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'

const lost = everybody('people who forgot their password can’t sign in')
const SENT = 'If an account has this user name or e-mail address, we’ve sent it a link. It works for an hour.'

const reset = async (
  { c, db, services }: Pick<Call, 'c' | 'db' | 'services'>,
  refusal?: Refusal,
): Promise<Draw> => {
  const token = c.req.param('token') ?? ''
  const { username } = await openLink(db, token, 'reset_password')
  const rules = passwordRules(services.config)
  const words = { title: 'Choose a password', subtitle: 'This signs you out everywhere.', button: 'Save' }
  const action = paths.resetPassword(token)
  return (frame) => chooseScreen(frame, { ...words, action, username, rules, refusal })
}

export const passwordRoutes = [
  get(paths.forgotPassword, lost, { only: 'page' }, () => ({ screen: (frame) => forgotScreen(frame) })),

  post(
    paths.forgotPassword,
    lost,
    {
      only: 'page',
      rate: 'reset',
      body: forgotten,
      refused: (_, refusal) => (frame) => forgotScreen(frame, refusal),
    },
    async (call) => {
      await forgotPassword(call.db, call.body.username, originOf(call))
      return { screen: (frame) => sentScreen(frame, SENT) }
    },
  ),

  post(
    paths.auth.forgotPassword,
    lost,
    {
      only: 'api',
      rate: 'reset',
      body: forgotten,
      answer: underWay,
      status: 202,
      summary: 'Send a password reset link',
    },
    async (call) => {
      await forgotPassword(call.db, call.body.username, originOf(call))
      return { status: 202, json: { detail: SENT } }
    },
  ),

  get(paths.resetPassword(':token'), lost, { only: 'page' }, async (call) => ({ screen: await reset(call) })),

  post(
    paths.resetPassword(':token'),
    lost,
    { only: 'page', rate: 'reset', body: chosenPassword, refused: reset },
    async (call) => {
      const { c, db, services, body } = call
      const given = { token: c.req.param('token') ?? '', password: body.password }
      await resetPassword(db, services.config, given, originOf(call))
      const cookies = new Cookies(services.config)
      return {
        location: paths.login,
        notice: 'Your password was changed. Sign in with it.',
        cookies: [cookies.drop(cookies.session)],
      }
    },
  ),

  post(
    paths.auth.resetPassword,
    lost,
    {
      only: 'api',
      rate: 'reset',
      body: chosenByLink,
      otherStatuses: [404],
      summary: 'Reset a password with the link from the e-mail; signs out everywhere',
    },
    async (call) => {
      await resetPassword(call.db, call.services.config, call.body, originOf(call))
      return { status: 204 }
    },
  ),
]
