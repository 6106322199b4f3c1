import { verifyEmail } from '#src/domains/accounts/email-links/actions.ts'
import { verification, verifiedByLink } from '#src/domains/accounts/email-links/model.ts'
import { verifyEmailScreen } from '#src/domains/accounts/email-links/views.tsx'
import { openLink } from '#src/domains/accounts/link.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { finishRegistration } from '#src/domains/accounts/registration/actions.ts'
import { renewed } from '#src/domains/accounts/session-rotation.ts'
import { signIn } from '#src/domains/accounts/sign-in/actions.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, type Call, type Draw, everybody, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

const holders = everybody('the link from the e-mail is the credential')
const tokenOf = ({ c }: Pick<Call, 'c'>) => c.req.param('token') ?? ''
type LinkCall = Pick<Call, 'c' | 'db' | 'services'>

const opened = ({ db }: LinkCall, token: string) =>
  openLink(db, token, 'register', 'verify_email', 'change_email')

const verifyPage = async (call: LinkCall, refusal?: Refusal): Promise<Draw> => {
  const link = await opened(call, tokenOf(call))
  return (frame) => verifyEmailScreen(frame, { token: tokenOf(call), link, refusal })
}

/** Verifies an e-mail address; of a registration, the account begins. Answers whose, in that case. */
async function verified(
  call: LinkCall & Pick<Call, 'request' | 'actor'>,
  given: { token: string; username?: string | undefined; password: string },
): Promise<{ username: string | null } & Partial<Answer>> {
  const { db, services, actor } = call
  const { purpose } = await opened(call, given.token)
  const from = originOf(call)
  if (purpose === 'register') return finishRegistration(db, given, from)
  const token = await verifyEmail(db, services.config, given, { actor, from })
  return { username: null, ...(token ? renewed(call, token) : {}) }
}

export const verifyRoutes = [
  get(paths.verifyEmail(':token'), holders, { only: 'page' }, async (call) => ({
    screen: await verifyPage(call),
  })),

  post(
    paths.verifyEmail(':token'),
    holders,
    { only: 'page', rate: 'registration', body: verification, refused: verifyPage },
    async (call) => {
      const { db, services, body } = call
      const { username, ...goesOn } = await verified(call, { ...body, token: tokenOf(call) })
      if (!username) return { location: paths.home, notice: 'Your address is confirmed.', ...goesOn }
      const credentials = { name: username, password: body.password, organization: null }
      const session = await signIn(db, services.config, credentials, 'browser', originOf(call))
      return {
        location: paths.home,
        notice: 'Welcome',
        cookies: new Cookies(services.config).signedIn(session),
      }
    },
  ),

  post(
    paths.auth.verifyEmail,
    holders,
    {
      only: 'api',
      rate: 'registration',
      body: verifiedByLink,
      otherStatuses: [404, 409],
      summary: 'Confirm an e-mail address with the link and the password; signs out all other sessions',
    },
    async (call) => {
      const { username: _, ...goesOn } = await verified(call, call.body)
      return { status: 204, ...goesOn }
    },
  ),
]
