import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Assignment } from '#src/domains/people/assignments/queries.ts'
import type { UserRecord } from '#src/domains/people/users/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { type Answer, as, browserOf, versionOf } from '#tests/client.ts'
import { assign, makeRole, makeUser, roleOf } from '#tests/factories.ts'
import { makePeople, OF_GROUP, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let people: People
/** May change the people of the member's group, and has what the role gives. */
let member: Person
let outsider: Person
let role: string
let target: Person
beforeAll(async () => {
  people = await makePeople()
  role = await makeRole(people.org, { permissions: ['user:read:own'] })
  member = await personWith(people.org, OF_GROUP, { groups: [people.group] })
  outsider = await personWith(people.org, OF_GROUP, { groups: [people.elsewhere] })
})
beforeEach(async () => {
  target = await makeUser(people.org, { groups: [people.group] })
})

const stored = () =>
  owner
    .selectFrom('user_roles')
    .where('user_id', '=', target.id)
    .where('role_id', '=', role)
    .selectAll()
    .executeTakeFirst()
const listed = async (by: Person, id = target.id) =>
  (await as(by).get(api(paths.userRoles(id)))).json<{ data: Assignment[] }>().data
const END = '2099-01-01T00:00:00Z'

type Way = (by: Person, id: string) => Promise<Answer>
type Write = {
  event: string
  before?: () => Promise<unknown>
  json: Way
  form: Way
  done: () => Promise<boolean>
}
const has = async () => (await stored()) !== undefined
const writes: Record<string, Write> = {
  giving: {
    event: 'user_role:create',
    json: (by, id) => as(by).post(api(paths.userRole(id, role))),
    form: (by, id) => browserOf(by).post(paths.userRoles(id), { role_id: role, expires_at: '', reason: '' }),
    done: has,
  },
  'giving for a time': {
    event: 'user_role:create',
    json: (by, id) => as(by).post(api(paths.userRole(id, role)), { expires_at: END, reason: 'cover' }),
    form: (by, id) =>
      browserOf(by).post(paths.userRoles(id), {
        role_id: role,
        expires_at: '2099-01-01T00:00',
        reason: 'cover',
      }),
    done: async () => (await stored())?.reason === 'cover',
  },
  'giving again': {
    event: 'user_role:update',
    before: () => assign(people.org, target.id, role),
    json: (by, id) => as(by).post(api(paths.userRole(id, role)), { expires_at: END }),
    form: (by, id) => browserOf(by).post(paths.userRole(id, role), { expires_at: END }),
    done: async () => (await stored())?.expires_at === END,
  },
  taking: {
    event: 'user_role:delete',
    before: () => assign(people.org, target.id, role),
    json: (by, id) => as(by).delete(api(paths.userRole(id, role))),
    form: (by, id) => browserOf(by).delete(paths.userRole(id, role)),
    done: async () => !(await has()),
  },
}

describe.each(Object.entries(writes))('%s', (_, write) => {
  describe.each([
    ['as JSON', 'api', write.json],
    ['as a form', 'web', write.form],
  ] as const)('%s', (_, via, attempt) => {
    beforeEach(() => write.before?.())

    test.each(['the owner', 'a member'])('works for %s, and is in the trail', async (who) => {
      const by = who === 'a member' ? member : people.owner
      expect(await write.done()).toBe(false)
      const answer = await attempt(by, target.id)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
      expect(await write.done()).toBe(true)
      const row = await stored()
      if (row) expect(row).toMatchObject({ granted_by: by.id })
      const line = (await recorded(by, answer, via)).find(({ action }) => action === write.event)
      expect(line).toMatchObject({ target_type: 'user_role', target_id: target.id })
      if (via === 'web') return expect(answer.headers.get('location')).toBe(paths.user(target.id))
      const user = answer.json<UserRecord>()
      expect(user.id).toBe(target.id)
      expect(versionOf(answer)).toBe(user.version)
      if (by === people.owner) expect(user.roles.some(({ id }) => id === role)).toBe(row !== undefined)
    })

    test('is a 404 for an outsider and for another organization', async () => {
      await hidden(outsider, () => attempt(outsider, target.id))
      await hidden(people.foreigner, () => attempt(people.foreigner, target.id), people.org)
    })

    test('is refused to those without the permission, and to those who may only look', async () => {
      await denied(people.viewer, 'user:update', () => attempt(people.viewer, target.id))
      await denied(people.colleague, 'user:update', () => attempt(people.colleague, target.id))
      const looker = await personWith(people.org, ['user:read:all', 'user:update:own'])
      await denied(looker, 'user:update', () => attempt(looker, target.id))
    })
  })
})

describe('an assignment', () => {
  const give = (body?: object) => as(people.owner).post(api(paths.userRole(target.id, role)), body)

  test('is given once: the same again changes nothing', async () => {
    const first = (await give({ reason: 'x' })).json<UserRecord>()
    const again = await give({ reason: 'x' })
    expect(again.json<UserRecord>().version).toBe(first.version)
    expect(await recorded(people.owner, again, 'api')).toEqual([])
    expect((await give({ reason: 'y' })).json<UserRecord>().version).toBe(first.version + 1)
  })

  test('says what goes with it: what no other role gives', async () => {
    const wide = await makeRole(people.org, {
      permissions: ['user:read:own', 'role:read:all', 'event:read:own'],
    })
    await give()
    await assign(people.org, target.id, wide)
    const asked = async (by: Person) => {
      const { text } = await browserOf(by).get(paths.user(target.id))
      return [...text.matchAll(/Remove the role “[^”]*” from ([^<]*)\?<\/h2><p>([^<]*)/g)]
        .map((found) => found.slice(1))
        .sort()
    }
    expect(await asked(people.owner)).toEqual([
      [target.username, 'They keep all their permissions: other roles grant them too.'],
      [target.username, 'They lose 2 permissions immediately.'],
    ])
    const blind = await personWith(people.org, [
      ...['user:read:all', 'user:update:all', 'role:read:all', 'role:assign:all'],
      ...['user:read:own', 'event:read:own'],
    ])
    expect(await asked(blind)).toEqual(
      Array(2).fill([target.username, 'They lose its permissions immediately.']),
    )
  })

  test('says who gave it, why and until when, and is told to those who may see roles', async () => {
    await give({ expires_at: '2099-01-01T02:00:00+02:00', reason: 'holidays' })
    expect(await listed(people.owner)).toMatchObject([
      {
        role: { id: role },
        granted_by: { id: people.owner.id, name: people.owner.username },
        reason: 'holidays',
        expires_at: END,
      },
    ])
    expect(await listed(member)).toEqual([])
    expect(await listed(target, target.id)).toMatchObject([
      { role: { id: role }, granted_by: { id: people.owner.id } },
    ])
    expect((await listed(target, target.id))[0]?.granted_by).not.toHaveProperty('name')
    const page = await browserOf(people.owner).get(paths.userRoles(target.id))
    for (const text of ['holidays', people.owner.username, '2099-01-01']) expect(page.text).toContain(text)
  })

  test.each([
    ['an end that is over', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['no instant', { expires_at: 'tomorrow' }, 'expires_at'],
    ['a day that there isn’t', { expires_at: '2099-02-30T00:00:00Z' }, 'expires_at'],
    ['a year that there isn’t', { expires_at: '0000-01-01T00:00:00Z' }, 'expires_at'],
    ['a year too far', { expires_at: '9999-12-31T23:59:59-10:00' }, 'expires_at'],
    ['a number', { expires_at: 7 }, 'expires_at'],
    ['a reason too long', { reason: 'x'.repeat(501) }, 'reason'],
    ['who gave it', { granted_by: '00000000-0000-7000-8000-000000000000' }, 'granted_by'],
  ])('is refused with %s', async (_, body, path) => {
    const answer = await give(body)
    expect([answer.status, answer.json().errors?.[0]?.path], answer.text).toEqual([422, path])
    expect(await stored()).toBeUndefined()
  })

  test('a form that is wrong comes again with what was entered', async () => {
    const answer = await browserOf(people.owner).post(paths.userRoles(target.id), {
      role_id: role,
      expires_at: '2020-01-01T00:00',
      reason: 'Kept <b>',
    })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('value="Kept &lt;b&gt;"')
    expect(answer.text).toContain('Expires: Choose a date in the future')
  })

  test('of a role that isn’t there, is deleted or of another organization is a 404', async () => {
    const deleted = await makeRole(people.org)
    await owner
      .updateTable('roles')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', deleted)
      .execute()
    for (const id of [people.owner.id, deleted, roleOf(people.foreigner.org, 'guest')]) {
      await hidden(people.owner, () => as(people.owner).post(api(paths.userRole(target.id, id))))
      await hidden(people.owner, () =>
        browserOf(people.owner).post(paths.userRoles(target.id), { role_id: id }),
      )
    }
    await hidden(people.owner, () => as(people.owner).delete(api(paths.userRole(target.id, role))))
  })

  test('of somebody deleted is a 404', async () => {
    await assign(people.org, target.id, role)
    await owner
      .updateTable('users')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', target.id)
      .execute()
    await hidden(people.owner, () => give())
    await hidden(people.owner, () => as(people.owner).delete(api(paths.userRole(target.id, role))))
  })

  test('page offers only what may be given, and nothing to oneself', async () => {
    const strong = await makeRole(people.org, { name: 'strong one', permissions: ['role:update:all'] })
    const giver = await personWith(people.org, ['user:read:all', 'user:update:all', 'role:read:all'])
    const page = await browserOf(giver).get(paths.userRoles(target.id))
    expect(page.text).toContain(`value="${role}"`)
    expect(page.text).not.toContain(`value="${strong}"`)
    expect((await browserOf(giver).get(paths.userRoles(giver.id))).text).not.toContain('Assign role')
  })
})
