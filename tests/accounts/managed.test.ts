import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, state } from '#tests/access/trail.ts'
import { withFactor } from '#tests/accounts/factors.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import {
  joinOrganization,
  makeOrganization,
  makeUser,
  type Organization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const CHOSEN = 'Another-Staple-9'

let people: People
let other: Organization
/** Owns the other organization. */
let rival: Person
/** Whose account the organization made. */
let person: Person

beforeAll(async () => {
  people = await makePeople()
  other = await makeOrganization()
  rival = await makeUser(other, { roles: [roleOf(other, 'owner')] })
})
beforeEach(async () => {
  person = await makeUser(people.org)
})

const account = (of: Person) =>
  past
    .selectFrom('accounts')
    .leftJoin('totp_credentials', 'account_id', 'id')
    .where('id', '=', of.accountId)
    .select(['username', 'email', 'managed_by_org_id', 'password_hash', 'locked_until', 'version', 'secret'])
    .executeTakeFirstOrThrow()
const lock = (of: Person) =>
  past
    .updateTable('accounts')
    .set({ locked_until: sql<string>`now() + interval '10 minutes'`, failed_logins: 3 })
    .where('id', '=', of.accountId)
    .execute()
const signIn = async (username: string, password = PASSWORD) =>
  (await anonymous().post(api(paths.auth.login), { username, password })).status

type Try = (by: Person, id: string) => Promise<Answer>
type Change = { what: string; via: 'api' | 'web'; change: Try; arrange?: (of: Person) => Promise<unknown> }
/** What an administrator changes of how somebody signs in. */
const changes: Change[] = [
  {
    what: 'the user name',
    via: 'api',
    change: (by, id) => as(by).patch(api(paths.user(id)), { username: unique('renamed') }),
  },
  {
    what: 'the user name',
    via: 'web',
    change: (by, id) => browserOf(by).patch(paths.user(id), { username: unique('renamed') }),
  },
  {
    what: 'the address',
    via: 'api',
    change: (by, id) => as(by).patch(api(paths.user(id)), { email: `${unique('moved')}@example.com` }),
  },
  {
    what: 'the address',
    via: 'web',
    change: (by, id) => browserOf(by).patch(paths.user(id), { email: `${unique('moved')}@example.com` }),
  },
  {
    what: 'all of it',
    via: 'api',
    change: (by, id) =>
      as(by).put(api(paths.user(id)), {
        username: unique('whole'),
        email: `${unique('whole')}@example.com`,
        first_name: '',
        last_name: '',
        locale: 'en',
        time_zone: 'UTC',
        status: 'active',
      }),
  },
  { what: 'a lock', via: 'api', change: (by, id) => as(by).post(api(paths.unlockUser(id))), arrange: lock },
  { what: 'a lock', via: 'web', change: (by, id) => browserOf(by).post(paths.unlockUser(id)), arrange: lock },
  {
    what: 'the second factor',
    via: 'api',
    change: (by, id) => as(by).post(api(paths.resetSecondFactor(id))),
    arrange: withFactor,
  },
  {
    what: 'the second factor',
    via: 'web',
    change: (by, id) => browserOf(by).post(paths.resetSecondFactor(id)),
    arrange: withFactor,
  },
]

/** How an account becomes its person's alone. */
const frees: [string, (of: Person) => Promise<unknown>][] = [
  ['joins a second organization', (of) => joinOrganization(of, other)],
  [
    'joined a second organization and left it',
    async (of) => {
      const { id } = await joinOrganization(of, other)
      await past
        .updateTable('users')
        .set({ deleted_at: new Date().toISOString() })
        .where('id', '=', id)
        .execute()
    },
  ],
  [
    'joined a second organization that is gone without a trace',
    async (of) => {
      const { id } = await joinOrganization(of, other)
      await past.deleteFrom('users').where('id', '=', id).execute()
    },
  ],
  [
    'became somebody who was there before',
    async ({ accountId, username, email }) => {
      const values = { org_id: other.id, username, email, status: 'invited' }
      const { id } = await past.insertInto('users').values(values).returning('id').executeTakeFirstOrThrow()
      await past
        .updateTable('users')
        .set({ account_id: accountId, status: 'active' })
        .where('id', '=', id)
        .execute()
    },
  ],
  ['detached it', (of) => as(of).post(api(paths.detachAccount))],
]

describe.each(changes)('$what of a managed account, by $via', ({ via, change, arrange = async () => {} }) => {
  test('is for the administrators of the organization that made it', async () => {
    await arrange(person)
    const before = await account(person)
    const answer = await change(people.admin, person.id)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    const after = await account(person)
    expect(after).not.toEqual(before)
    expect(await signIn(after.username)).toBe(200)
    expect((await recorded(people.admin, answer, via)).length).toBeGreaterThan(0)
  })

  test.each(frees)('is for nobody once its person %s', async (_, free) => {
    await free(person)
    await arrange(person)
    const before = await account(person)
    expect(before.managed_by_org_id).toBeNull()
    for (const by of [people.admin, people.owner]) await denied(by, 'account', () => change(by, person.id))
    expect(await account(person)).toEqual(before)
  })

  test('is for nobody in the second organization', async () => {
    const there = await joinOrganization(person, other)
    await arrange(person)
    const before = await account(person)
    await denied(rival, 'account', () => change(rival, there.id))
    await hidden(rival, () => change(rival, person.id), people.org)
    expect(await account(person)).toEqual(before)
  })

  test('is for nobody but its person where they registered themselves', async () => {
    const own = await makeUser(people.org, { managed: false })
    await arrange(own)
    await denied(people.owner, 'account', () => change(people.owner, own.id))
  })
})

describe('a first password', () => {
  const set = (by: Person, id: string, password = CHOSEN) =>
    as(by).post(api(paths.firstPassword(id)), { password })
  let invited: Person
  beforeEach(async () => {
    invited = await makeUser(people.org, { status: 'invited' })
    await past
      .updateTable('accounts')
      .set({ password_hash: null })
      .where('id', '=', invited.accountId)
      .execute()
  })

  test('lets somebody in who was invited, in the trail', async () => {
    const answer = await set(people.admin, invited.id)
    expect([answer.status, answer.json<{ status: string }>().status], answer.text).toEqual([200, 'active'])
    expect(await signIn(invited.username, CHOSEN)).toBe(200)
    const lines = await recorded(people.admin, answer, 'api')
    const about = lines.filter(({ target_type }) => target_type === 'user')
    expect(about.map(({ action, target_id }) => [action, target_id])).toEqual([
      ['user:set_password', invited.id],
      ['user:update', invited.id],
    ])
    expect(JSON.stringify(lines)).not.toMatch(/argon2|Staple/)
    const told = past
      .selectFrom('security_events')
      .where('account_id', '=', invited.accountId)
      .select('action')
    expect((await told.execute()).map(({ action }) => action)).toContain('account:set_password')
  })

  test('is set on the page, with what is asked of it', async () => {
    const browser = browserOf(people.admin)
    expect((await browser.get(paths.user(invited.id))).text).toContain(paths.firstPassword(invited.id))
    const weak = await browser.post(paths.firstPassword(invited.id), { password: 'short' })
    expect([weak.status, weak.text.includes('Set password')]).toEqual([422, true])
    const done = await browser.post(paths.firstPassword(invited.id), { password: CHOSEN })
    expect([done.status, done.headers.get('location')]).toEqual([303, paths.user(invited.id)])
    expect((await browser.get(paths.user(invited.id))).text).not.toContain(paths.firstPassword(invited.id))
    expect(await signIn(invited.username, CHOSEN)).toBe(200)
  })

  test('is the first one only', async () => {
    expect((await set(people.admin, person.id)).status).toBe(409)
    expect((await set(people.admin, invited.id)).status).toBe(200)
    expect((await set(people.admin, invited.id, 'Yet-Another-7')).status).toBe(409)
    expect(await signIn(person.username)).toBe(200)
    expect(await signIn(invited.username, CHOSEN)).toBe(200)
  })

  test('is set once by fifty at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => set(people.admin, invited.id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(49).fill(409)])
  }, 30_000)

  test.each(frees.slice(0, 4))('is nobody’s to set once the person %s', async (_, free) => {
    await free(invited)
    await denied(people.admin, 'account', () => set(people.admin, invited.id))
    expect((await account(invited)).password_hash).toBeNull()
  })

  test('takes the right to change everybody, and to give what they have', async () => {
    const nearby = await makeUser(people.org, { status: 'invited', groups: [people.group] })
    await denied(people.member, 'user:update:all', () => set(people.member, nearby.id))
    const some = await personWith(people.org, ['user:read:all', 'user:update:own'])
    await denied(some, 'user:update', () => set(some, invited.id))
    const chief = await makeUser(people.org, { status: 'invited', roles: [roleOf(people.org, 'owner')] })
    await past
      .updateTable('accounts')
      .set({ password_hash: null })
      .where('id', '=', chief.accountId)
      .execute()
    const limited = await personWith(people.org, ['user:read:all', 'user:update:all'])
    const before = await state(people.org)
    expect((await set(limited, chief.id)).status).toBe(403)
    expect(await state(people.org)).toEqual(before)
    await hidden(rival, () => set(rival, invited.id), people.org)
    expect((await set(people.admin, invited.id, 'Password1!')).status).toBe(422)
    expect((await account(invited)).password_hash).toBeNull()
  })
})
