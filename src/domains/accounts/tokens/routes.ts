import { originOf } from '#src/domains/accounts/origin.ts'
import { refresh } from '#src/domains/accounts/tokens/actions.ts'
import { tokensAnswered } from '#src/domains/accounts/tokens/answer.ts'
import { refreshing, tokenAnswer } from '#src/domains/accounts/tokens/model.ts'
import { everybody, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

export const tokenRoutes = [
  post(
    paths.auth.refresh,
    everybody('the token to renew a session with is the credential, and works once'),
    {
      only: 'api',
      rate: 'refresh',
      body: refreshing,
      answer: tokenAnswer,
      otherStatuses: [401],
      summary:
        'Get new tokens for a refresh token, which is used up: again within ten seconds it gets the same ones, later it ends the session',
    },
    async (call) => {
      const { db, services, body } = call
      const tokens = await refresh(db, services.config, body.refresh_token, originOf(call))
      services.rights.forget(tokens.identity.sessionId)
      return tokensAnswered(call, tokens)
    },
  ),
]
