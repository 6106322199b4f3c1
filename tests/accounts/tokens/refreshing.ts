import { sql } from 'kysely'
import { expect } from 'vitest'
import { paths } from '#src/paths.ts'
import { tokenHash } from '#src/platform/token.ts'
import { type Answer, anonymous } from '#tests/client.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`

export type Tokens = {
  access_token: string
  refresh_token: string
  token_type: string
  expires_in: number
  user: { id: string }
}

export const refresh = (refresh_token: string, app = here.app) =>
  anonymous(app).post(api(paths.auth.refresh), { refresh_token })
export const refreshed = async (token: string) => {
  const answer = await refresh(token)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Tokens>()
}
export const status = async (token: string, app = here.app) =>
  (await anonymous(app).get(api(paths.auth.me), { Authorization: `Bearer ${token}` })).status
export const becomes = (expected: number, token: string, app = here.app) =>
  expect.poll(() => status(token, app), { timeout: 1000, interval: 5 }).toBe(expected)

/** One and the same for every cause. */
export function dead(answer: Answer) {
  const { request_id: _, ...problem } = answer.json()
  expect({ ...problem, status: answer.status }).toEqual({
    type: 'dead-refresh-token',
    title: 'Not signed in',
    status: 401,
    detail: 'This refresh token was already used or has expired, or its session has ended. Sign in again.',
    instance: api(paths.auth.refresh),
  })
  expect(answer.headers.getSetCookie()).toEqual([])
}
export const setSession = (token: string, set: Record<string, unknown>) =>
  owner.updateTable('sessions').set(set).where('token_hash', '=', tokenHash(token)).execute()
/** As if a token had been used so long ago. */
export const usedAgo = (token: string, interval: string) =>
  owner
    .updateTable('refresh_tokens')
    .set({ rotated_at: sql<string>`rotated_at - ${interval}::interval` })
    .where('token_hash', '=', tokenHash(token))
    .execute()
export const later = (interval: string) => sql<string>`now() + ${interval}::interval`
