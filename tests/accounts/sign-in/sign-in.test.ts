import { beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { recorded, state, trail } from '#tests/access/trail.ts'
import { anonymous, as, Browser, Program, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, type Organization, roleOf, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, app, anotherProcess } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let org: Organization
let person: Person
beforeAll(async () => {
  org = await makeOrganization()
  person = await makeUser(org, { roles: [roleOf(org, 'user')] })
})

/** The token of the form on a page, as a browser would send it back. */
const tokenIn = (html: string) => /name="csrf_token" value="([^"]+)"/.exec(html)?.[1] as string

describe('signing in', () => {
  test('as a program answers a token that is this person’s', async () => {
    const answer = await anonymous().post(api(paths.auth.login), {
      username: person.username,
      password: PASSWORD,
    })
    expect(answer.status, answer.text).toBe(200)
    const { access_token } = answer.json<{ access_token: string }>()
    const me = (await new Program(access_token, app).get(api(paths.auth.me))).json<Record<string, unknown>>()
    expect(me).toMatchObject({ id: person.id, organization: { id: org.id } })
    expect(me.permissions).toEqual([
      'api_key:create:own',
      'api_key:delete:own',
      'api_key:read:own',
      'api_key:update:own',
      'session:delete:own',
      'session:read:own',
      'user:read:own',
      'user:update:own',
    ])
    expect(await recorded(person, answer, 'api')).toMatchObject([
      { action: 'session:create', data: { after: { user_id: person.id, kind: 'token' } } },
      { action: 'auth:sign_in', target_type: 'session' },
    ])
  })

  test('as a browser leads home with a cookie, through the form of the page', async () => {
    const browser = visitor()
    const csrf_token = tokenIn((await browser.get(paths.login)).text)
    const answer = await browser.post(paths.login, { username: person.email, password: PASSWORD, csrf_token })
    expect([answer.status, answer.headers.get('location')], answer.text).toEqual([303, paths.home])
    const home = await browser.get(paths.home)
    expect(home.status).toBe(200)
    expect((await recorded(person, answer, 'web')).map(({ action }) => action)).toEqual([
      'session:create',
      'auth:sign_in',
    ])
    const [, token = ''] = [...browser.cookies].find(([name]) => name.startsWith('session')) ?? []
    expect((await new Program(token, app).get(api(paths.auth.me))).status).toBe(401)
    expect((await new Browser(person.token, app).get(paths.home)).headers.get('location')).toBe(paths.login)
  })

  const cases: [who: string, make: () => Promise<Person>][] = [
    ['with a wrong password', async () => person],
    ['disabled', () => makeUser(org, { status: 'disabled' })],
    ['invited', () => makeUser(org, { status: 'invited' })],
    ['deleted', () => changed('users', 'id', { deleted_at: new Date().toISOString() })],
    ['of a disabled account', () => changed('accounts', 'accountId', { status: 'disabled' })],
    ['of a suspended organization', suspended],
  ]
  test.each(cases)('is refused to somebody %s, in one and the same words', async (who, make) => {
    const somebody = await make()
    const before = await state(somebody.org)
    const password = who === 'with a wrong password' ? 'Wrong-Horse-7' : PASSWORD
    const answers = [
      await anonymous().post(api(paths.auth.login), { username: somebody.username, password }),
      await anonymous().post(api(paths.auth.login), { email: somebody.email, password }),
      await anonymous().post(api(paths.auth.login), { username: unique('nobody'), password }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(new Set(answers.map(({ text }) => text.replace(/"request_id":"[^"]+"/, ''))).size).toBe(1)
    expect({ ...(await state(somebody.org)), accounts: '' }).toEqual({ ...before, accounts: '' })
    expect((await visitor().post(paths.login, { username: somebody.username, password })).status).toBe(401)
  })

  async function changed(table: 'users' | 'accounts', key: 'id' | 'accountId', set: object) {
    const somebody = await makeUser(org)
    await owner.updateTable(table).set(set).where('id', '=', somebody[key]).execute()
    return somebody
  }
  async function suspended() {
    const place = await makeOrganization()
    await owner.updateTable('organizations').set({ status: 'suspended' }).where('id', '=', place.id).execute()
    return makeUser(place)
  }

  test('opens nothing any more to somebody who loses one of these while signed in', async () => {
    const make = { disabled: { status: 'disabled' }, deleted: { deleted_at: new Date().toISOString() } }
    for (const set of Object.values(make)) {
      const somebody = await makeUser(org, { roles: [roleOf(org, 'user')] })
      expect((await as(somebody).get(api(paths.usersMe))).status).toBe(200)
      await owner.updateTable('users').set(set).where('id', '=', somebody.id).execute()
      await expect.poll(async () => (await as(somebody).get(api(paths.usersMe))).status).toBe(401)
    }
  })
})

describe('registering', () => {
  let home: { id: string }
  beforeAll(async () => {
    home = await owner
      .selectFrom('organizations')
      .where('is_default', '=', true)
      .select('id')
      .executeTakeFirstOrThrow()
  })
  const entered = () => {
    const username = unique('new')
    return { username, email: `${username}@example.com`, password: PASSWORD, first_name: 'Nina' }
  }
  const made = (username: string) =>
    owner.selectFrom('users').where('username', '=', username).selectAll().executeTakeFirst()

  async function expectMember(username: string, request: string | null) {
    const user = await made(username)
    expect(user).toMatchObject({ org_id: home.id, status: 'active', first_name: 'Nina' })
    const roles = await owner
      .selectFrom('user_roles')
      .innerJoin('roles', 'roles.id', 'user_roles.role_id')
      .where('user_id', '=', user?.id as string)
      .select('roles.name')
      .execute()
    expect(roles).toEqual([{ name: 'user' }])
    const line = { via: 'system', reason: 'registration', actor_user_id: null, request_id: request }
    expect(
      (await trail(home, { target: user?.id })).filter(({ request_id }) => request_id === request),
    ).toMatchObject([
      { ...line, action: 'user:create' },
      { ...line, action: 'user_role:create' },
    ])
  }

  test('as JSON makes a user of the default organization with the role user, and is in the trail', async () => {
    const body = entered()
    const answer = await anonymous().post(api(paths.auth.register), body)
    expect(answer.status, answer.text).toBe(201)
    const { password: _, ...shown } = body
    expect(answer.json<object>()).toMatchObject({ ...shown, status: 'active' })
    expect(answer.text).not.toContain(PASSWORD)
    await expectMember(body.username, answer.headers.get('x-request-id'))
    const login = await anonymous().post(api(paths.auth.login), {
      username: body.username,
      password: PASSWORD,
    })
    expect(login.status).toBe(200)
  })

  test('as a form signs the new user in', async () => {
    const browser = visitor()
    const csrf_token = tokenIn((await browser.get(paths.register)).text)
    const fields = entered()
    const answer = await browser.post(paths.register, { ...fields, csrf_token })
    expect([answer.status, answer.headers.get('location')], answer.text).toEqual([303, paths.home])
    await expectMember(fields.username, answer.headers.get('x-request-id'))
    expect((await browser.get(paths.me)).text).toContain(fields.username)
  })

  test('takes nobody’s name or address, and no weak password', async () => {
    const taken = entered()
    expect((await anonymous().post(api(paths.auth.register), taken)).status).toBe(201)
    const before = await state(home)
    for (const [body, status] of [
      [{ ...entered(), username: taken.username.toUpperCase() }, 409],
      [{ ...entered(), email: taken.email.toUpperCase() }, 409],
      [{ ...entered(), username: person.username }, 409],
      [{ ...entered(), password: 'short' }, 422],
    ] as const) {
      expect((await anonymous().post(api(paths.auth.register), body)).status).toBe(status)
      expect((await visitor().post(paths.register, body)).status).toBe(status)
    }
    expect(await state(home)).toEqual(before)
  })

  test.each(['role_ids', 'groups', 'status', 'org_id', 'id', 'is_admin', 'organization'])(
    'refuses %s in the body',
    async (field) => {
      const body = { ...entered(), [field]: home.id }
      for (const answer of [
        await anonymous().post(api(paths.auth.register), body),
        await visitor().post(paths.register, body),
      ]) {
        expect(answer.status).toBe(422)
      }
      expect(await made(body.username)).toBeUndefined()
    },
  )

  test('is not there where it is switched off', async () => {
    await using closed = await anotherProcess({ USER_REGISTRATION_ENABLED: 'false' })
    const body = entered()
    expect((await anonymous(closed.app).post(api(paths.auth.register), body)).status).toBe(404)
    expect((await visitor(closed.app).get(paths.register)).status).toBe(404)
    expect((await visitor(closed.app).post(paths.register, body)).status).toBe(404)
    expect(await made(body.username)).toBeUndefined()
  })
})
