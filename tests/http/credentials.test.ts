import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { newToken } from '#src/platform/token.ts'
import { anonymous, as, Browser, browserOf, send, visitor } from '#tests/client.ts'
import { makeUser, openSession, sessionOf, unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, config, db, app } = await testDatabase()
const { owner, member, foreigner, org } = await makePeople()
const cookies = new Cookies(config)
const ask = (headers: Record<string, string>, path = '/api/auth/me') => send(path, { headers })
const cookie = (...values: string[]) => values.map((value) => `${cookies.session}=${value}`).join('; ')

describe('one credential', () => {
  test('is enough: a bearer, or a cookie', async () => {
    for (const headers of [
      { Authorization: `Bearer ${owner.token}` },
      { Authorization: `bearer ${owner.token}` },
      { Cookie: cookie(owner.cookie) },
    ] as Record<string, string>[]) {
      const answer = await ask(headers)
      expect([answer.status, answer.json<{ username: string }>().username]).toEqual([200, owner.username])
    }
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['both', { Authorization: `Bearer ${owner.token}`, Cookie: cookie(owner.cookie) }, /not both/],
    ['a password', { Authorization: 'Basic YTpi' }, /has to be “Bearer”/],
    ['what is no token', { Authorization: 'Bearer nonsense' }, /neither an access token nor an API key/],
    ['nobody’s token', { Authorization: `Bearer ${newToken()}` }, /unknown, was revoked or has expired/],
    ['nothing', {}, /not signed in/],
  ])('that is refused is told why: %s', async (_, headers, why) => {
    const answer = await ask(headers)
    expect([answer.status, answer.json().detail]).toEqual([401, expect.stringMatching(why)])
  })

  test.each<[string, Record<string, string>]>([
    ['a cookie beside a bearer', { Authorization: `Bearer ${owner.token}`, Cookie: cookie(owner.cookie) }],
    [
      'a cookie of somebody else beside it',
      { Authorization: `Bearer ${owner.token}`, Cookie: cookie(foreigner.cookie) },
    ],
    ['an empty cookie beside it', { Authorization: `Bearer ${owner.token}`, Cookie: cookie('') }],
    [
      'a broken bearer beside a good cookie',
      { Authorization: 'Bearer nonsense', Cookie: cookie(owner.cookie) },
    ],
    ['nothing after Bearer', { Authorization: 'Bearer' }],
    ['a space', { Authorization: 'Bearer  ' }],
    ['two bearers', { Authorization: `Bearer ${owner.token}, Bearer ${owner.token}` }],
    ['two tokens', { Authorization: `Bearer ${owner.token} ${owner.token}` }],
    ['a password', { Authorization: `Basic ${btoa(`${owner.username}:${PASSWORD}`)}` }],
    ['the token alone', { Authorization: owner.token }],
    ['a token that is cut', { Authorization: `Bearer ${owner.token.slice(1)}` }],
    ['a token that goes on', { Authorization: `Bearer ${owner.token}A` }],
    ['SQL', { Authorization: `Bearer ' or '1'='1` }],
    ['nobody’s token', { Authorization: `Bearer ${newToken()}` }],
    [
      'a JWT without signature',
      { Authorization: `Bearer ${btoa('{"alg":"none"}')}.${btoa(`{"sub":"${owner.id}"}`)}.` },
    ],
    ['a browser’s session as a bearer', { Authorization: `Bearer ${owner.cookie}` }],
    ['a program’s token as a cookie', { Cookie: cookie(owner.token) }],
    ['two cookies of one name', { Cookie: cookie(owner.cookie, foreigner.cookie) }],
    ['the same cookie twice', { Cookie: cookie(owner.cookie, owner.cookie) }],
    ['a cookie in quotes', { Cookie: cookie(`"${owner.cookie}"`) }],
    [
      'a cookie of a similar name',
      { Cookie: `x${cookies.session}=${owner.cookie}; ${cookies.session}x=${owner.cookie}` },
    ],
    ['a cookie of the secure name, here', { Cookie: `__Host-session=${owner.cookie}` }],
    ['a cookie in capitals', { Cookie: `SESSION=${owner.cookie}` }],
    ['a cookie within another', { Cookie: `other="; ${cookies.session}x=${owner.cookie}"` }],
    ['the id of a session', { Authorization: 'Bearer 00000000-0000-7000-8000-000000000000' }],
  ])('not %s', async (_, headers) => {
    const answer = await ask(headers)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('is not read from an address or a body', async () => {
    for (const name of ['token', 'access_token', cookies.session]) {
      expect((await ask({}, `/api/auth/me?${name}=${owner.token}`)).status).toBe(401)
    }
  })

  test('that has ended opens nothing', async () => {
    for (const options of [{ ends: '-1 second' }, { idle: '-1 second' }]) {
      const token = await openSession(owner, 'token', options)
      expect((await ask({ Authorization: `Bearer ${token}` })).status).toBe(401)
    }
    const token = await openSession(owner, 'token')
    expect((await ask({ Authorization: `Bearer ${token}` })).status).toBe(200)
    await past
      .updateTable('sessions')
      .set({ revoked_at: sql<string>`now()` })
      .where('id', '=', await sessionOf(token))
      .execute()
    await expect
      .poll(async () => (await ask({ Authorization: `Bearer ${token}` })).status, {
        timeout: 1000,
        interval: 20,
      })
      .toBe(401)
  })
})

describe('signing in', () => {
  test('gives a new token, whatever was planted before', async () => {
    const planted = newToken()
    const stale = await openSession(member, 'browser', { ends: '-1 second' })
    for (const before of [planted, stale, foreigner.cookie]) {
      const browser = new Browser(before, app)
      // somebody who is signed in has the token on every other page
      const { text } = await browser.get(before === foreigner.cookie ? '/me' : '/login')
      const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(text)?.[1] as string
      const fields = { username: member.username, password: PASSWORD, csrf_token }
      expect((await browser.post('/login', fields)).status).toBe(303)
      expect(browser.cookies.get(cookies.session)).not.toBe(before)
      expect((await browser.get('/me')).text).toContain(member.username)
    }
    expect((await ask({ Cookie: cookie(planted) })).status).toBe(401)
  })

  test('takes the same steps for every cause of failure, and says the same', async () => {
    const [disabled, invited, bare] = [
      await makeUser(org, { status: 'disabled' }),
      await makeUser(org, { status: 'invited' }),
      await makeUser(org),
    ]
    await past.updateTable('accounts').set({ password_hash: null }).where('id', '=', bare.accountId).execute()
    const attempts = [
      [unique('nobody'), PASSWORD],
      [member.username, 'Wrong-Password-7'],
      [disabled.username, 'Wrong-Password-7'],
      [invited.username, 'Wrong-Password-7'],
      [bare.username, PASSWORD],
      [bare.username, ''],
      [`${unique('nobody')}@example.com`, 'x'],
      ['', 'x'],
    ] as const
    const seen = new Set<string>()
    for (const [username, password] of attempts) {
      const before = { ...db.counted }
      const answer = await anonymous().post('/api/auth/login', { username, password })
      const { request_id, ...problem } = answer.json()
      expect(request_id).toBeTruthy()
      const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id')
      seen.add(JSON.stringify([answer.status, problem, headers, db.counted.statements - before.statements]))
    }
    expect([...seen]).toHaveLength(1)
    expect([...seen][0]).toMatch(/^\[401/)
  })

  test.each(['UPPER', 'ｆｕｌｌｗｉｄｔｈ', ' spaces '])(
    'knows a name in other spellings: %s',
    async (spelling) => {
      const spell: Record<string, (name: string) => string> = {
        UPPER: (name) => name.toUpperCase(),
        ｆｕｌｌｗｉｄｔｈ: (name) =>
          [...name]
            .map((letter) =>
              /[a-z0-9]/.test(letter) ? String.fromCharCode(letter.charCodeAt(0) + 0xfee0) : letter,
            )
            .join(''),
        ' spaces ': (name) => `  ${name} `,
      }
      const username = spell[spelling]?.(member.username)
      expect((await anonymous().post('/api/auth/login', { username, password: PASSWORD })).status).toBe(200)
    },
  )
})

test('a dump of the database holds nothing that can be used', async () => {
  const secrets: string[] = [PASSWORD, 'Another-Secret-7', 'Wrong-Secret-77']
  const made = unique('dumped')
  await as(owner).post('/api/users', {
    username: made,
    email: `${made}@example.com`,
    password: 'Another-Secret-7',
  })
  await anonymous().post('/api/auth/login', { username: made, password: 'Wrong-Secret-77' })
  const login = await anonymous().post('/api/auth/login', { username: made, password: 'Another-Secret-7' })
  const browser = visitor()
  await browser.get('/login')
  secrets.push(browser.cookies.get(cookies.visitor) as string, browser.formToken)
  await browser.post('/login', { username: made, password: 'Another-Secret-7' })
  secrets.push(
    ...['access_token', 'refresh_token'].map((name) => login.json<Record<string, string>>()[name] as string),
    browser.cookies.get(cookies.session) as string,
    browser.formToken,
  )
  const madeKey = await as(owner).post('/api/api-keys', { name: 'x', permissions: ['user:read:own'] })
  const key = madeKey.json<{ id: string; secret: string }>()
  const rotated = await as(owner).post(`/api/api-keys/${key.id}/rotate`, {})
  secrets.push(key.secret, rotated.json<{ secret: string }>().secret)
  secrets.push(...[owner, member, foreigner].flatMap(({ token, cookie: value }: Person) => [token, value]))
  const { rows: tables } = await sql<{
    name: string
  }>`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`.execute(
    past,
  )
  let size = 0
  for (const { name } of tables) {
    const { rows } = await sql<{ line: string }>`select t::text as line from ${sql.table(name)} t`.execute(
      past,
    )
    const dump = rows.map(({ line }) => line).join('\n')
    size += dump.length
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10)
      expect(dump.includes(secret), `${name} holds a secret`).toBe(false)
      expect(dump.includes(Buffer.from(secret).toString('hex')), `${name} holds a secret`).toBe(false)
    }
    if (name === 'accounts') expect(dump).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
  }
  expect(size).toBeGreaterThan(10_000)
  // and JSON shows no hash
  const shown =
    (await as(owner).get('/api/users?limit=200')).text +
    (await as(owner).get('/api/sessions?limit=200')).text +
    (await browserOf(owner).get('/me')).text
  expect(shown).not.toMatch(/argon2|hash|\\x[0-9a-f]{64}/)
})
