import { undoEmail, unlockByLink } from '#src/domains/accounts/email-links/actions.ts'
import { link as linkBody } from '#src/domains/accounts/email-links/model.ts'
import { unlockScreen } from '#src/domains/accounts/email-links/views.tsx'
import { chooseScreen } from '#src/domains/accounts/fields.tsx'
import { openLink } from '#src/domains/accounts/link.ts'
import { originOf } from '#src/domains/accounts/origin.ts'
import { chosenByLink, chosenPassword } from '#src/domains/accounts/passwords/model.ts'
import { Cookies } from '#src/http/cookies.ts'
import { type Call, type Draw, everybody, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'

const holders = everybody('the link from the e-mail is the credential')
const tokenOf = ({ c }: Pick<Call, 'c'>) => c.req.param('token') ?? ''
type LinkCall = Pick<Call, 'c' | 'db' | 'services'>

const undo = async (call: LinkCall, refusal?: Refusal): Promise<Draw> => {
  const { username, email } = await openLink(call.db, tokenOf(call), 'undo_email')
  const rules = passwordRules(call.services.config)
  const subtitle = `${email} stays your address. Someone who knew your password changed it, so choose a new one.`
  const words = { title: 'Keep your address', subtitle, button: 'Keep address and save password' }
  return (frame) =>
    chooseScreen(frame, { ...words, action: paths.undoEmail(tokenOf(call)), username, rules, refusal })
}

export const linkRoutes = [
  get(paths.undoEmail(':token'), holders, { only: 'page' }, async (call) => ({ screen: await undo(call) })),

  post(
    paths.undoEmail(':token'),
    holders,
    { only: 'page', rate: 'reset', body: chosenPassword, refused: undo },
    async (call) => {
      const { db, services, body } = call
      await undoEmail(db, services.config, { ...body, token: tokenOf(call) }, originOf(call))
      const cookies = new Cookies(services.config)
      return {
        location: paths.login,
        notice: 'Your address stays, and your password was changed.',
        cookies: [cookies.drop(cookies.session)],
      }
    },
  ),

  post(
    paths.auth.undoEmail,
    holders,
    {
      only: 'api',
      rate: 'reset',
      body: chosenByLink,
      otherStatuses: [404, 409],
      summary: 'Undo a change of e-mail address with the link, and choose a new password',
    },
    async (call) => {
      await undoEmail(call.db, call.services.config, call.body, originOf(call))
      return { status: 204 }
    },
  ),

  get(paths.unlock(':token'), holders, { only: 'page' }, async (call) => {
    const link = await openLink(call.db, tokenOf(call), 'unlock')
    return { screen: (frame) => unlockScreen(frame, { token: tokenOf(call), link }) }
  }),

  post(paths.unlock(':token'), holders, { only: 'page', rate: 'reset' }, async (call) => {
    await unlockByLink(call.db, tokenOf(call), originOf(call))
    return { location: paths.login, notice: 'Unlocked: you can sign in again.' }
  }),

  post(
    paths.auth.unlock,
    holders,
    {
      only: 'api',
      rate: 'reset',
      body: linkBody,
      otherStatuses: [404],
      summary: 'Unlock an account with the link from the e-mail',
    },
    async (call) => {
      await unlockByLink(call.db, call.body.token, originOf(call))
      return { status: 204 }
    },
  ),
]
