import { originOf } from '#src/domains/accounts/origin.ts'
import { registeredAnswer } from '#src/domains/accounts/registration/model.ts'
import { signInOrAsk } from '#src/domains/accounts/sign-in/actions.ts'
import { askForCode } from '#src/domains/accounts/sign-in/code-actions.ts'
import { acceptInvitation, readInvitation } from '#src/domains/people/joining/actions.ts'
import {
  acceptance,
  acceptedByLink,
  type Invitation,
  invitationAnswer,
} from '#src/domains/people/joining/model.ts'
import { acceptScreen } from '#src/domains/people/joining/views.tsx'
import { Cookies } from '#src/http/cookies.ts'
import { type Answer, type Call, type Draw, everybody, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'

const invited = everybody('the link of the invitation is the credential')
const tokenOf = ({ c }: Pick<Call, 'c'>) => c.req.param('token') ?? ''

const shown = async (
  call: Pick<Call, 'c' | 'db' | 'services' | 'actor' | 'request'>,
  refusal?: Refusal,
): Promise<Draw> => drawn(call, await readInvitation(call.db, tokenOf(call), originOf(call)), refusal)

const drawn = (
  call: Pick<Call, 'c' | 'services' | 'actor'>,
  invitation: Invitation,
  refusal?: Refusal,
): Draw => {
  const rules = passwordRules(call.services.config)
  const me = call.actor?.identity.username ?? null
  return (frame) => acceptScreen(frame, { token: tokenOf(call), invitation, rules, me, refusal })
}

export const joiningRoutes = [
  get(
    paths.acceptInvitation(':token'),
    invited,
    {
      answer: invitationAnswer,
      otherStatuses: [404, 409],
      summary: 'Get an invitation by its link, and whether it can be accepted now',
    },
    async (call) => {
      const invitation = await readInvitation(call.db, tokenOf(call), originOf(call))
      const { organization, inviter, email, known, unproved, renamable, username } = invitation
      const json = { organization, inviter, email, known, unproved, renamable, username }
      return { json, screen: drawn(call, invitation) }
    },
  ),

  post(
    paths.acceptInvitation(':token'),
    invited,
    { only: 'page', rate: 'invitation', body: acceptance, refused: shown },
    async (call): Promise<Answer> => {
      const { db, services, body } = call
      const { config } = services
      const given = { ...body, token: tokenOf(call) }
      const { invitation, person } = await acceptInvitation(db, config, given, originOf(call))
      const notice = `Welcome to ${invitation.organization}`
      const credentials = { name: person.username, password: body.password, organization: invitation.slug }
      const session = await signInOrAsk(db, config, credentials, 'browser', originOf(call))
      const cookies = new Cookies(config)
      if (!('asks' in session)) return { location: paths.home, notice, cookies: cookies.signedIn(session) }
      const pending = await askForCode(db, session.asks, originOf(call))
      return { location: paths.loginCode(paths.home), notice, cookies: [cookies.setPendingSignIn(pending)] }
    },
  ),

  post(
    paths.auth.acceptInvitation,
    invited,
    {
      only: 'api',
      rate: 'invitation',
      body: acceptedByLink,
      answer: registeredAnswer,
      status: 201,
      otherStatuses: [404, 409],
      summary: 'Accept an invitation, with a new account or the password of an existing one',
    },
    async (call) => {
      const { person } = await acceptInvitation(call.db, call.services.config, call.body, originOf(call))
      return { status: 201, json: { ...person, status: 'active' }, location: paths.user(person.id) }
    },
  ),
]
