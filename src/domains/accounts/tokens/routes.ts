import { originOf } from '#src/domains/accounts/origin.ts'
import { refresh } from '#src/domains/accounts/tokens/actions.ts'
import { tokensAnswered } from '#src/domains/accounts/tokens/answer.ts'
import { refreshing, tokenAnswer } from '#src/domains/accounts/tokens/model.ts'
import { everybody, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

export const tokenRoutes = [
  post(
    paths.auth.refresh,
    everybody('the refresh token is the credential and works once'),
    {
      only: 'api',
      rate: 'refresh',
      body: refreshing,
      answer: tokenAnswer,
      otherStatuses: [401],
      summary:
        'Exchange a refresh token for new tokens; a repeat within 10 seconds returns the same ones, a later one ends the session',
    },
    async (call) => {
      const { db, services, body } = call
      const tokens = await refresh(db, services.config, body.refresh_token, originOf(call))
      services.rights.forget(tokens.identity.sessionId)
      return tokensAnswered(call, tokens)
    },
  ),
]
