import { afterAll, describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { Cookies } from '#src/http/cookies.ts'
import { codeOf, withFactor } from '#tests/accounts/factors.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { type Answer, send } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { invitedBy } from '#tests/people/invitations/inviting.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { config, anotherProcess } = await testDatabase()
const open = await anotherProcess({ USER_REGISTRATION_ENABLED: 'true' })
afterAll(() => open[Symbol.asyncDispose]())
const { owner, org } = await makePeople()
const cookies = new Cookies(config)
const ORIGIN = 'http://localhost'

/** What a browser says of a page that isn't ours. */
const foreign: Record<string, string>[] = [
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'https://evil.example' },
  { Origin: 'http://localhost:81', 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'null' },
  { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' },
]
/** What programs say, which is nothing, and our own pages. */
const ours: Record<string, string>[] = [{}, { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }]

type Sent = { path: string; body?: object; cookie?: string }
const post = ({ path, body, cookie }: Sent, headers: Record<string, string>, method = 'POST') =>
  send(
    ORIGIN + path,
    {
      method,
      headers: {
        Accept: path.startsWith('/api') ? 'application/json' : 'text/html',
        'Content-Type': 'application/json',
        ...(cookie ? { Cookie: cookie } : {}),
        ...headers,
      },
      body: JSON.stringify(body ?? {}),
    },
    open.app,
  )
const given = ({ headers }: Answer) => headers.getSetCookie().map((line) => line.split('=', 1)[0])

describe('JSON without a cookie', () => {
  const entrances = endpoints.filter(({ method, access }) => method !== 'GET' && 'public' in access)

  test.each(entrances.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    '%s is refused from elsewhere, whatever it says',
    async (_, { method, path, only }) => {
      const address = (only === 'api' ? '/api' : '') + path.replace(/:\w+/g, 'x')
      for (const headers of foreign) {
        const answer = await post({ path: address }, headers, method)
        expect([answer.status, answer.text.includes('was expected')]).toEqual([403, true])
        expect(given(answer).filter((name) => name !== cookies.visitor)).toEqual([])
      }
      for (const headers of ours)
        expect((await post({ path: address }, headers, method)).text).not.toContain('was expected')
    },
  )

  const signIns: Record<string, () => Promise<Sent>> = {
    'the password': async () => ({
      path: '/login',
      body: { username: (await makeUser(org)).username, password: PASSWORD },
    }),
    'the second factor': async () => {
      const person = await makeUser(org)
      const factor = await withFactor(person)
      const first = await post(
        { path: '/login', body: { username: person.username, password: PASSWORD } },
        {},
      )
      const [pending = ''] = first.headers
        .getSetCookie()
        .filter((line) => line.startsWith(`${cookies.pendingSignIn}=`))
      return { path: '/login/code', body: { code: await codeOf(factor) }, cookie: pending.split(';', 1)[0] }
    },
    'an invitation': async () => ({
      path: `/accept-invitation/${(await invitedBy(owner)).token}`,
      body: { password: PASSWORD, first_name: 'Ina', last_name: 'Vited' },
    }),
    registering: async () => {
      const username = unique('reg')
      return { path: '/register', body: { username, email: `${username}@example.com`, password: PASSWORD } }
    },
  }
  test.each(Object.entries(signIns))(
    'signs in by %s from here, and not from elsewhere',
    async (_, entrance) => {
      const sent = await entrance()
      for (const headers of foreign) {
        const answer = await post(sent, headers)
        expect([answer.status, given(answer).includes(cookies.session)]).toEqual([403, false])
      }
      // nothing was used up or counted: a program says nothing of where it is
      const answer = await post(sent, {})
      expect([answer.status, given(answer).includes(cookies.session)]).toEqual([303, true])
    },
  )

  test('nor is a password chosen or a proof given from elsewhere', async () => {
    const person = await makeUser(org)
    await withFactor(person)
    const chosen = {
      path: `/reset-password/${await linkFor(person, 'reset_password')}`,
      body: { password: 'A fine new 1!' },
    }
    const first = { path: '/login', body: { username: person.username, password: PASSWORD } }
    for (const headers of foreign) {
      expect((await post(chosen, headers)).status).toBe(403)
      expect(given(await post(first, headers))).not.toContain(cookies.pendingSignIn)
    }
    expect(given(await post(first, {}))).toContain(cookies.pendingSignIn)
    expect((await post(chosen, {})).status).toBe(303)
  })

  test('gets programs their token, unless a browser says that it is elsewhere', async () => {
    const { username } = await makeUser(org)
    const sent = { path: '/api/v1/auth/login', body: { username, password: PASSWORD } }
    for (const headers of foreign) {
      const answer = await post(sent, headers)
      expect([answer.status, answer.json().type]).toEqual([403, 'csrf'])
    }
    for (const headers of ours) expect((await post(sent, headers)).text).toContain('access_token')
  })
})
