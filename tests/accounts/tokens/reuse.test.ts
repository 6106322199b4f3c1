import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { tokenHash } from '#src/platform/token.ts'
import { becomes, dead, refreshed, status, type Tokens, usedAgo } from '#tests/accounts/tokens/refreshing.ts'
import { type Answer, anonymous } from '#tests/client.ts'
import { makeOrganization, makeUser, type Organization, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`

let org: Organization
let person: Person
let elsewhere: Process
beforeAll(async () => {
  org = await makeOrganization()
  person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  elsewhere = await here.anotherProcess()
})
afterAll(() => elsewhere[Symbol.asyncDispose]())

async function login(who = person): Promise<Tokens> {
  const answer = await anonymous().post(api(paths.auth.login), { username: who.username, password: PASSWORD })
  expect(answer.status, answer.text).toBe(200)
  return answer.json()
}

describe('a refresh token that is used again within ten seconds', () => {
  const AGENT = 'till/1.0'
  type From = { address?: string; agent?: string; app?: Process['app'] }
  const refreshFrom = async (refresh_token: string, from: From = {}): Promise<Answer> => {
    const { address = '192.0.2.7', agent = AGENT, app = here.app } = from
    const headers = { 'Content-Type': 'application/json', 'User-Agent': agent }
    const init = { method: 'POST', headers, body: JSON.stringify({ refresh_token }) }
    const env = { incoming: { socket: { remoteAddress: address } } }
    const response = await app.request(api(paths.auth.refresh), init, env)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) }
  }
  const once = async (from: From = {}) => {
    const first = await login()
    const answer = await refreshFrom(first.refresh_token, from)
    expect(answer.status, answer.text).toBe(200)
    return { token: first.refresh_token, given: answer.json<Tokens>() }
  }
  const tokensOf = async (token: string) => {
    const one = owner.selectFrom('refresh_tokens').where('token_hash', '=', tokenHash(token))
    const { session_id } = await one.select('session_id').executeTakeFirstOrThrow()
    return owner
      .selectFrom('refresh_tokens')
      .where('session_id', '=', session_id)
      .orderBy('rotated_at', (at) => at.asc().nullsLast())
      .select(['rotated_at', 'salt', 'asked_by'])
      .execute()
  }

  test('gets the same answer, on every process, as often as it asks; and the tokens work', async () => {
    const { token, given } = await once()
    for (const app of [here.app, elsewhere.app, here.app])
      expect((await refreshFrom(token, { app })).json()).toEqual(given)
    await usedAgo(token, '9 seconds')
    expect((await refreshFrom(token)).json()).toEqual(given)
    expect(await tokensOf(token)).toHaveLength(2)
    expect([await status(given.access_token), await status(given.access_token, elsewhere.app)]).toEqual([
      200, 200,
    ])
    expect(await status((await refreshed(given.refresh_token)).access_token)).toBe(200)
  })

  test('fifty times at once gives one answer, of one session, which goes on', async () => {
    const first = await login()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        refreshFrom(first.refresh_token, { app: (i % 2 ? here : elsewhere).app }),
      ),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    const [given, ...others] = new Set(answers.map(({ text }) => text))
    expect(others).toEqual([])
    expect((await tokensOf(first.refresh_token)).map(({ rotated_at }) => rotated_at !== null)).toEqual([
      true,
      false,
    ])
    const { access_token, refresh_token } = JSON.parse(given as string) as Tokens
    expect(await status(access_token)).toBe(200)
    expect(await status((await refreshed(refresh_token)).access_token)).toBe(200)
  })

  test.each<[string, From, From]>([
    ['another program', {}, { agent: 'curl/8' }],
    ['another address', {}, { address: '192.0.2.8' }],
    ['another network of IPv6', { address: '2001:db8:0:1::7' }, { address: '2001:db8:0:2::7' }],
  ])('by %s ends the session', async (_, from, thief) => {
    const { token, given } = await once(from)
    dead(await refreshFrom(token, thief))
    await Promise.all([here, elsewhere].map(({ app }) => becomes(401, given.access_token, app)))
    dead(await refreshFrom(token, from))
  })

  test('by the same program at another address of its network gets the same answer', async () => {
    const { token, given } = await once({ address: '2001:db8:0:1::7' })
    expect((await refreshFrom(token, { address: '2001:db8:0:1::8' })).json()).toEqual(given)
  })

  test('after them, or after what it gave was used, ends the session', async () => {
    const causes: ((token: string, given: Tokens) => Promise<unknown>)[] = [
      (token) => usedAgo(token, '10 seconds'),
      (_, { refresh_token }) => refreshFrom(refresh_token),
    ]
    for (const cause of causes) {
      const { token, given } = await once()
      await cause(token, given)
      dead(await refreshFrom(token))
      await becomes(401, given.access_token)
      dead(await refreshFrom(given.refresh_token))
    }
  })

  test('tells nothing once the session has ended', async () => {
    const { token, given } = await once()
    await anonymous().post(api(paths.auth.logout), undefined, {
      Authorization: `Bearer ${given.access_token}`,
    })
    dead(await refreshFrom(token))
  })

  test('leaves nothing that its tokens could be made from again, once they were used', async () => {
    const { token, given } = await once()
    await refreshFrom(given.refresh_token)
    const left = await tokensOf(token)
    expect(left.map(({ salt, asked_by }) => salt !== null || asked_by !== null)).toEqual([false, false, true])
  })
})
