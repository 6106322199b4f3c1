import type { UserActor } from '#src/access/actor.ts'
import { accountOf } from '#src/domains/accounts/account.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { changePassword } from '#src/domains/accounts/passwords/actions.ts'
import { passwordForm, underWay } from '#src/domains/accounts/passwords/model.ts'
import { requestEmail, requestVerification } from '#src/domains/accounts/security/actions.ts'
import { emailChange } from '#src/domains/accounts/security/model.ts'
import { type Refused, securityScreen } from '#src/domains/accounts/security/views.tsx'
import { Cookies } from '#src/http/cookies.ts'
import { type Call, type Draw, get, post, type Refusal, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'

type OwnCall = Pick<Call, 'db' | 'services'> & { actor: UserActor }

async function page({ db, services, actor }: OwnCall, refused?: Refused): Promise<Draw> {
  const account = await accountOf(db, actor)
  return (frame) => securityScreen({ frame, account, rules: passwordRules(services.config), refused })
}
const again = (of: Refused['of']) => (call: OwnCall, refusal: Refusal) => page(call, { of, refusal })

const SENT = 'We’ve sent a link to that address. Use it to confirm.'

// a form with a password is done without an Idempotency-Key, which keeps a hash of what was sent
const secret = true

export const securityRoutes = [
  get(paths.security, signedIn, { only: 'page' }, async (call) => ({ screen: await page(call) })),

  post(
    paths.myPassword,
    signedIn,
    { only: 'page', secret, rate: 'sign-in', body: passwordForm, refused: again('password') },
    async (call) => {
      const { db, services, actor, body } = call
      const token = await changePassword(db, services.config, actor, body, originOf(call))
      return {
        location: paths.security,
        notice: 'Password changed. All other sessions were signed out.',
        cookies: [new Cookies(services.config).setSession(token)],
        sessionChanged: true,
      }
    },
  ),

  post(
    paths.myEmail,
    signedIn,
    { only: 'page', secret, rate: 'sign-in', body: emailChange, refused: again('email') },
    async (call) => {
      const { db, services, actor, body } = call
      await requestEmail(db, services.config, actor, body, originOf(call))
      return { location: paths.security, notice: SENT }
    },
  ),

  post(
    paths.auth.changeEmail,
    signedIn,
    {
      only: 'api',
      rate: 'sign-in',
      body: emailChange,
      answer: underWay,
      status: 202,
      otherStatuses: [409],
      summary: 'Change your e-mail address; takes effect once you use the link sent there',
    },
    async (call) => {
      const { db, services, actor, body } = call
      await requestEmail(db, services.config, actor, body, originOf(call))
      return { status: 202, json: { detail: SENT } }
    },
  ),

  post(paths.myVerification, signedIn, { only: 'page', rate: 'reset' }, async (call) => {
    await requestVerification(call.db, call.actor)
    return { location: paths.security, notice: SENT }
  }),

  post(
    paths.auth.requestVerification,
    signedIn,
    {
      only: 'api',
      rate: 'reset',
      answer: underWay,
      status: 202,
      summary: 'Send a link to confirm your e-mail address',
    },
    async (call) => {
      await requestVerification(call.db, call.actor)
      return { status: 202, json: { detail: SENT } }
    },
  ),
]
