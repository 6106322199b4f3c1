import { Cookies } from '#src/http/cookies.ts'
import type { Answer, Call } from '#src/http/endpoint.ts'

/** A session that may do more or less from now on; a browser's under another token. */
export const renewed = ({ services }: Pick<Call, 'services'>, token: string | null): Partial<Answer> => ({
  cookies: token ? [new Cookies(services.config).setSession(token)] : [],
  sessionChanged: true,
})
