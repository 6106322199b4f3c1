import { UserActor } from '#src/access/actor.ts'
import type { Tokens } from '#src/domains/accounts/tokens/actions.ts'
import { ownRecord } from '#src/domains/accounts/tokens/queries.ts'
import type { Answer, Call } from '#src/http/endpoint.ts'

/** What a program gets that signs in, and each time after that: its tokens, and whose they are. */
export async function tokensAnswered(
  { db, services, request }: Pick<Call, 'db' | 'services' | 'request'>,
  { access, refresh, identity }: Tokens,
): Promise<Answer> {
  const actor = new UserActor(identity, { via: request.via, requestId: request.id, ip: request.ip })
  const json = {
    access_token: access,
    refresh_token: refresh,
    token_type: 'Bearer',
    expires_in: Math.round(services.config.ACCESS_TOKEN_EXPIRE_MINUTES * 60),
    user: await ownRecord(db, actor),
  }
  return { json, headers: { 'Cache-Control': 'no-store' } }
}
