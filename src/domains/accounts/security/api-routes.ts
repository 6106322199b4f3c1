import { originOf } from '#src/domains/accounts/origin.ts'
import { changePassword } from '#src/domains/accounts/passwords/actions.ts'
import { passwordChange } from '#src/domains/accounts/passwords/model.ts'
import { renewable } from '#src/domains/accounts/tokens/actions.ts'
import { tokensAnswered } from '#src/domains/accounts/tokens/answer.ts'
import { tokenAnswer } from '#src/domains/accounts/tokens/model.ts'
import { Cookies } from '#src/http/cookies.ts'
import { post, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

/** `POST /auth/change-password`: its answer has the new token. */
export const securityApiRoutes = [
  post(
    paths.auth.changePassword,
    signedIn,
    {
      only: 'api',
      rate: 'sign-in',
      body: passwordChange,
      answer: tokenAnswer,
      otherStatuses: [409],
      summary: 'Change your password; signs out all other sessions and returns a new token',
    },
    async (call) => {
      const { db, services, actor, body } = call
      const token = await changePassword(db, services.config, actor, body, originOf(call))
      if (actor.identity.sessionKind === 'browser')
        return {
          status: 204,
          cookies: [new Cookies(services.config).setSession(token)],
          sessionChanged: true,
        }
      return {
        ...(await tokensAnswered(call, await renewable(db, services.config, token))),
        sessionChanged: true,
      }
    },
  ),
]
