import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { mailsTo } from '#tests/accounts/links.ts'
import { anonymous, as, Program, send, visitor } from '#tests/client.ts'
import { joinOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, app } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const times = <T>(count: number, make: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)))

let people: People
beforeAll(async () => {
  people = await makePeople()
})
const somebody = () => makeUser(people.org, { roles: [roleOf(people.org, 'user')] })

describe('API keys', () => {
  const READ = 'user:read:own'
  const make = (by: Person, more: object = {}) =>
    as(by).post(api(paths.apiKeys), { name: unique('key'), permissions: [READ], ...more })
  const keysOf = (id: string) =>
    past
      .selectFrom('api_keys')
      .where('user_id', '=', id)
      .where('revoked_at', 'is', null)
      .select('id')
      .execute()

  test('are fifty of a person, also where fifty are made at once', async () => {
    const person = await somebody()
    await times(40, () => withKey(person, [READ]))
    const answers = await times(50, () => make(person))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    const refused = answers.filter(({ status }) => status === 409)
    expect(refused).toHaveLength(40)
    expect(refused[0]?.json().detail).toMatch(/^50 API keys is the limit\. Revoke one/)
    const [first, ...rest] = await keysOf(person.id)
    expect(rest).toHaveLength(49)
    // one that ended can be given another end: it counts
    await past
      .updateTable('api_keys')
      .set({ expires_at: sql<string>`now()` })
      .where('id', '=', first?.id as string)
      .execute()
    expect((await make(person)).status).toBe(409)
    expect((await as(person).delete(api(paths.apiKey(first?.id as string)))).status).toBe(204)
    expect((await make(person)).status).toBe(201)
    expect((await make(await somebody())).status).toBe(201)
  })

  test('are fifty of a service account, which are not its maker’s', async () => {
    const { id } = await serviceWith(people, [roleOf(people.org, 'user')])
    await times(49, () => withKey({ ...people.owner, id }, [READ]))
    const answers = await times(5, () => make(people.owner, { user_id: id }))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409])
    expect((await make(people.owner)).status).toBe(201)
  })
})

describe('sessions', () => {
  const openOf = (person: Person) =>
    past
      .selectFrom('sessions')
      .where('user_id', '=', person.id)
      .where('revoked_at', 'is', null)
      .select(['id', 'user_agent'])
      .orderBy('last_seen_at')
      .execute()
  const signIn = async (person: Person) => {
    const answer = await anonymous().post(api(paths.auth.login), {
      username: person.username,
      password: PASSWORD,
    })
    expect(answer.status, answer.text).toBe(200)
    return answer.json<{ access_token: string }>().access_token
  }
  /** So many sessions, of which the first wasn't seen for longest. */
  const seenBefore = (person: Person, count: number) =>
    sql`insert into sessions (org_id, account_id, user_id, kind, token_hash, user_agent, idle_timeout, expires_at, last_seen_at)
      select ${person.org.id}, ${person.accountId}, ${person.id}, 'token', sha256(convert_to(${unique('t')} || n, 'UTF8')), 'number ' || n,
        interval '30 days', now() + interval '30 days', now() - interval '1 day' + n * interval '1 second'
      from generate_series(1, ${count}) n`.execute(past)

  test('are a hundred of a person: one more ends the one that wasn’t seen for longest', async () => {
    const person = await somebody()
    await seenBefore(person, 98)
    const first = await signIn(person)
    const open = await openOf(person)
    expect([open.length, open[0]?.user_agent]).toEqual([100, 'number 2'])
    for (const token of [first, person.token])
      expect((await new Program(token, app).get(api(paths.auth.me))).status).toBe(200)
    expect(await openOf(people.owner)).toHaveLength(2)
  })

  test('are a hundred where fifty are opened at once, and who signs in is in', {
    timeout: 60_000,
  }, async () => {
    const person = await somebody()
    await seenBefore(person, 90)
    const tokens = await times(50, () => signIn(person))
    expect(await openOf(person)).toHaveLength(100)
    expect((await new Program(tokens[49] as string, app).get(api(paths.auth.me))).status).toBe(200)
  })

  test('are a hundred where somebody comes from another organization, too', async () => {
    const person = await somebody()
    const twin = await joinOrganization(person, people.foreigner.org)
    await seenBefore(twin, 99)
    const answer = await as(person).post(api(paths.switchOrganization), { organization: twin.org.id })
    expect(answer.status, answer.text).toBe(200)
    const open = await openOf(twin)
    expect([open.length, open.some(({ user_agent }) => user_agent === 'number 1')]).toEqual([100, false])
    const { access_token } = answer.json<{ access_token: string }>()
    expect((await new Program(access_token, app).get(api(paths.auth.me))).status).toBe(200)
  })

  test('that are over don’t count', async () => {
    const person = await somebody()
    await seenBefore(person, 98)
    await past
      .updateTable('sessions')
      .set({ expires_at: sql<string>`now()` })
      .where('user_agent', '=', 'number 98')
      .where('user_id', '=', person.id)
      .execute()
    await signIn(person)
    expect((await openOf(person)).map(({ user_agent }) => user_agent)).toContain('number 1')
  })
})

test('known browsers are twenty of an account, also where thirty are new at once', {
  timeout: 60_000,
}, async () => {
  const person = await somebody()
  await times(30, () => visitor().post(paths.login, { username: person.username, password: PASSWORD }))
  const known = past.selectFrom('known_devices').where('account_id', '=', person.accountId).select('hash')
  expect(await known.execute()).toHaveLength(20)
})

describe('files that wait to be imported', () => {
  const keep = (by: Person) =>
    send(api(pathsOf(paths.users).imports), {
      method: 'POST',
      headers: { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv' },
      body: `username,email\n${unique('n')},${unique('n')}@example.com\n`,
    })
  const keptOf = (person: Person) =>
    past.selectFrom('imports').where('user_id', '=', person.id).select(['id', 'status']).execute()
  const running = (person: Person, count: number, since: string) =>
    sql`insert into imports (org_id, user_id, path, name, content, status, updated_at)
      select ${person.org.id}, ${person.id}, '/users', 'x.csv', 'x', 'checking', now() - ${since}::interval
      from generate_series(1, ${count})`.execute(past)
  const importer = () => makeUser(people.org, { roles: [roleOf(people.org, 'owner')] })

  test('are the newest five of a person, also where fifty are sent at once', async () => {
    const [person, other] = [await importer(), await importer()]
    expect((await keep(other)).status).toBe(201)
    const answers = await times(50, () => keep(person))
    // one whose file has made way already is told so
    for (const { status } of answers) expect([201, 404]).toContain(status)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(5)
    expect(await keptOf(person)).toHaveLength(5)
    expect(await keptOf(other)).toHaveLength(1)
  })

  test('are ten with those that are worked on, of which none is dropped', async () => {
    const person = await importer()
    await running(person, 9, '1 second')
    for (let more = 0; more < 2; more++) {
      expect((await keep(person)).status).toBe(201)
      expect(await keptOf(person)).toHaveLength(10)
    }
    await running(person, 1, '1 second')
    const answer = await keep(person)
    expect([answer.status, answer.json().detail]).toEqual([
      409,
      expect.stringContaining('10 imports running'),
    ])
    expect((await keptOf(person)).filter(({ status }) => status === 'checking')).toHaveLength(10)
    expect((await keep(await importer())).status).toBe(201)
  })

  test('make way where whoever worked on them is gone', async () => {
    const person = await importer()
    await running(person, 10, '1 minute')
    expect((await keep(person)).status).toBe(201)
    expect(await keptOf(person)).toHaveLength(5)
  })
})

test('mails about a forgotten password are three an hour, also where twenty ask at once', async () => {
  const { username, email } = await somebody()
  const answers = await times(20, () => anonymous().post(api(paths.auth.forgotPassword), { username }))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  expect(await mailsTo(email)).toHaveLength(3)
})
