import { beforeEach, describe, expect, test } from 'vitest'
import type { UserRecord } from '#src/domains/people/users/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { type Answer, as, browserOf, versionOf } from '#tests/client.ts'
import { makeGroup, makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let people: People
/** In the member's group: the outsider doesn't see them. */
let target: Person
beforeEach(async () => {
  people ??= await makePeople()
  target = await makeUser(people.org, { groups: [people.group], first_name: 'Greta', last_name: 'Garden' })
})

const stored = (id: string) =>
  owner.selectFrom('users').where('id', '=', id).selectAll().executeTakeFirstOrThrow()
const remove = (id: string) =>
  owner.updateTable('users').set({ deleted_at: new Date().toISOString() }).where('id', '=', id).execute()
const whole = ({ username, email }: Person) => ({
  username,
  email,
  first_name: 'Nora',
  last_name: 'North',
  locale: 'de-AT',
  time_zone: 'Europe/Vienna',
  status: 'active',
})

/** A write to somebody who is there: the same request by JSON and as a form. */
type Write = {
  permission: string
  event: string
  json: (by: Person, id: string) => Promise<Answer>
  form: (by: Person, id: string) => Promise<Answer>
  /** Brings the target where the write makes sense. */
  before?: (id: string) => Promise<unknown>
  /** Whether the row shows it. */
  done: (row: Awaited<ReturnType<typeof stored>>) => boolean
  /** Keys that the trail keeps. */
  keys: string[]
}

const writes: Record<string, Write> = {
  PUT: {
    permission: 'user:update',
    event: 'user:update',
    json: (by, id) => as(by).put(api(paths.user(id)), whole(target)),
    form: (by, id) => browserOf(by).put(paths.user(id), whole(target)),
    done: (row) => row.first_name === 'Nora' && row.time_zone === 'Europe/Vienna',
    keys: ['first_name', 'last_name', 'locale', 'time_zone'],
  },
  PATCH: {
    permission: 'user:update',
    event: 'user:update',
    json: (by, id) => as(by).patch(api(paths.user(id)), { first_name: 'Nora' }),
    form: (by, id) => browserOf(by).patch(paths.user(id), { first_name: 'Nora' }),
    done: (row) => row.first_name === 'Nora' && row.last_name === 'Garden',
    keys: ['first_name'],
  },
  DELETE: {
    permission: 'user:delete',
    event: 'user:delete',
    json: (by, id) => as(by).delete(api(paths.user(id))),
    form: (by, id) => browserOf(by).delete(paths.user(id)),
    done: (row) => row.deleted_at !== null,
    keys: ['deleted_at'],
  },
  restore: {
    permission: 'user:delete',
    event: 'user:restore',
    json: (by, id) => as(by).post(api(pathsOf(paths.users).restore(id))),
    form: (by, id) => browserOf(by).post(pathsOf(paths.users).restore(id)),
    before: remove,
    done: (row) => row.deleted_at === null,
    keys: ['deleted_at'],
  },
}

describe.each(Object.entries(writes))('%s of a user', (name, write) => {
  describe.each([
    ['as JSON', 'api', write.json],
    ['as a form', 'web', write.form],
  ] as const)('%s', (_, via, attempt) => {
    beforeEach(() => write.before?.(target.id))

    test.each(['admin', 'member'] as const)('works for the %s, and is in the trail', async (who) => {
      const by = people[who]
      const was = await stored(target.id)
      expect(write.done(was)).toBe(false)
      const answer = await attempt(by, target.id)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : name === 'DELETE' ? 204 : 200)
      const row = await stored(target.id)
      expect(write.done(row)).toBe(true)
      const line = (await recorded(by, answer, via)).find(({ action }) => action === write.event)
      expect(line).toMatchObject({ target_type: 'user', target_id: target.id })
      const { before = {}, after = {} } = line?.data ?? {}
      expect(Object.keys(after).sort()).toEqual(write.keys)
      expect(Object.keys(before).sort()).toEqual(write.keys)
      expect(before).not.toEqual(after)
      if (via === 'api' && name !== 'DELETE') {
        expect(answer.json<UserRecord>()).toMatchObject({ id: target.id, version: row.version })
        expect(versionOf(answer)).toBe(row.version)
      }
    })

    test('is a 404 for an outsider and for another organization', async () => {
      await hidden(people.outsider, () => attempt(people.outsider, target.id))
      await hidden(people.foreigner, () => attempt(people.foreigner, target.id), people.org)
    })

    test('is refused to those without the permission, and to those who may only look', async () => {
      await denied(people.viewer, write.permission, () => attempt(people.viewer, target.id))
      await denied(people.colleague, write.permission, () => attempt(people.colleague, target.id))
      const looker = await personWith(people.org, ['user:read:all', 'user:update:own', 'user:delete:own'])
      await denied(looker, write.permission, () => attempt(looker, target.id))
    })
  })
})

test.each(['PUT', 'PATCH', 'DELETE'])('%s of somebody deleted is a 404', async (name) => {
  await remove(target.id)
  await hidden(people.admin, () => (writes[name] as Write).json(people.admin, target.id))
})

describe('creating a user', () => {
  const json = (by: Person, body: object) => as(by).post(api(paths.users), body)
  const form = (by: Person, { groups, role_ids, ...rest }: Entered) => {
    const fields = { groups: groups?.map(({ id }) => id) ?? [], role_ids: role_ids ?? [], ...rest }
    return browserOf(by).post(paths.users, fields)
  }
  type Entered = { username: string; email: string; groups?: { id: string }[]; role_ids?: string[] }
  const somebody = (extra: Partial<Entered> = {}): Entered => {
    const username = unique('new')
    return { username, email: `${username}@example.com`, ...extra }
  }

  describe.each([
    ['as JSON', 'api', json],
    ['as a form', 'web', form],
  ] as const)('%s', (_, via, attempt) => {
    test.each([['admin'], ['member']] as const)('works for the %s, and is in the trail', async (who) => {
      const by = people[who]
      const role_ids = who === 'admin' ? [roleOf(people.org, 'viewer')] : []
      const entered = somebody({ groups: [{ id: people.group }], role_ids })
      const answer = await attempt(by, entered)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
      const id = /([0-9a-f-]{36})$/.exec(answer.headers.get('location') ?? '')?.[1] as string
      expect(await stored(id)).toMatchObject({
        ...somebodyStored(entered),
        org_id: by.org.id,
        created_by: by.id,
      })
      const lines = await recorded(by, answer, via)
      expect(lines.find(({ action }) => action === 'user:create')).toMatchObject({
        target_id: id,
        data: { after: { ...somebodyStored(entered), created_by: by.id } },
      })
      expect(lines.find(({ action }) => action === 'group_member:create')).toMatchObject({
        target_id: people.group,
        data: { after: { user_id: id, role: 'member' } },
      })
      const given = lines.filter(({ action }) => action === 'user_role:create')
      expect(given).toMatchObject(
        role_ids.map((role_id) => ({ target_id: id, data: { after: { role_id, granted_by: by.id } } })),
      )
    })

    test('is refused in a group that isn’t theirs, and without the permission', async () => {
      const there = somebody({ groups: [{ id: people.group }] })
      await denied(people.outsider, 'group:update', () => attempt(people.outsider, there))
      await denied(people.viewer, 'user:create', () => attempt(people.viewer, there))
      await denied(people.colleague, 'user:create', () => attempt(people.colleague, there))
    })

    test('is refused with a group or a role of another organization', async () => {
      const { foreigner, admin } = people
      const theirs = await makeGroup(foreigner.org)
      const strange = [{ groups: [{ id: theirs }] }, { role_ids: [roleOf(foreigner.org, 'viewer')] }]
      for (const entered of strange) {
        const answer = await attempt(admin, somebody(entered))
        expect(answer.status, answer.text).toBe(422)
      }
      expect(
        await owner.selectFrom('group_members').where('group_id', '=', theirs).selectAll().execute(),
      ).toEqual([])
    })
  })

  const somebodyStored = ({ username, email }: Entered) => ({ username, email, status: 'invited' })
})

describe('the own profile', () => {
  const page = (by: Person, fields: Record<string, string>) => browserOf(by).patch(paths.me, fields)

  test('changes by whoever may change themselves, and is in the trail', async () => {
    const by = await personWith(people.org, ['user:read:own', 'user:update:own'])
    const answer = await page(by, { first_name: 'Own', locale: 'de' })
    expect(answer.status, answer.text).toBe(303)
    expect(answer.headers.get('location')).toBe(paths.me)
    expect(await stored(by.id)).toMatchObject({ first_name: 'Own', locale: 'de' })
    expect(await recorded(by, answer, 'web')).toMatchObject([
      {
        action: 'user:update',
        target_id: by.id,
        data: { before: { first_name: '', locale: null }, after: { first_name: 'Own', locale: 'de' } },
      },
    ])
    const twin = await as(by).patch(api(paths.user(by.id)), { first_name: 'Twin' })
    expect(twin.status).toBe(200)
    expect(await recorded(by, twin, 'api')).toMatchObject([{ data: { after: { first_name: 'Twin' } } }])
  })

  test('takes nothing that says how one signs in, where one belongs or what one may', async () => {
    const by = await personWith(people.org, ['user:read:own', 'user:update:own'])
    const before = await stored(by.id)
    for (const field of ['username', 'email', 'status', 'role_ids', 'owner_group_id', 'id', 'org_id']) {
      expect((await page(by, { first_name: 'Sly', [field]: people.group })).status).toBe(422)
    }
    expect(await stored(by.id)).toEqual(before)
  })

  test('is refused to guests, by the page and by its twin, and to colleagues', async () => {
    const guest = await makeUser(people.org, { roles: [roleOf(people.org, 'guest')] })
    await denied(guest, 'user:update', () => page(guest, { first_name: 'No' }))
    await denied(guest, 'user:update', () => as(guest).patch(api(paths.user(guest.id)), { first_name: 'No' }))
    const by = await personWith(people.org, ['user:read:own', 'user:update:own'])
    await hidden(by, () => as(by).patch(api(paths.user(guest.id)), { first_name: 'No' }))
  })

  test('is a 404 to somebody whose scope leaves themselves out', async () => {
    const loner = await personWith(people.org, ['user:read:group', 'user:update:group'])
    await hidden(loner, () => page(loner, { first_name: 'No' }))
    const placed = await personWith(people.org, ['user:read:group', 'user:update:group'], {
      groups: [people.group],
    })
    expect((await page(placed, { first_name: 'Yes' })).status).toBe(303)
  })
})

describe('reading', () => {
  const read = (by: Person, id: string) => as(by).get(api(paths.user(id)))

  test('shows the member their group, as page and JSON; the outsider a 404; nobody without the right', async () => {
    const { member, outsider, colleague, foreigner } = people
    expect((await read(member, target.id)).json<UserRecord>()).toMatchObject({ first_name: 'Greta' })
    expect((await browserOf(member).get(paths.user(target.id))).text).toContain('Greta Garden')
    for (const by of [outsider, foreigner]) {
      await hidden(by, () => read(by, target.id), people.org)
      await hidden(by, () => browserOf(by).get(paths.user(target.id)), people.org)
    }
    await denied(colleague, 'user:read', () => read(colleague, target.id))
    await denied(colleague, 'user:read', () => browserOf(colleague).get(paths.users))
  })
})

test('a change of nothing changes nothing, and answers the record', async () => {
  const before = await stored(target.id)
  const answer = await as(people.owner).patch(api(paths.user(target.id)), {})
  expect(answer.status).toBe(200)
  expect(answer.json<UserRecord>()).toMatchObject({ id: target.id, version: before.version })
  expect(await stored(target.id)).toEqual(before)
})

test('somebody invited can be put as a whole, and not be turned', async () => {
  const invited = await makeUser(people.org, { groups: [people.group], status: 'invited' })
  const put = (status: string) =>
    as(people.owner).put(api(paths.user(invited.id)), { ...whole(invited), status })
  expect((await put('invited')).status).toBe(200)
  const turned = await put('active')
  expect([turned.status, turned.json().detail]).toEqual([409, 'Hasn’t accepted the invitation yet.'])
  expect((await stored(invited.id)).status).toBe('invited')
})

test('nobody disables themselves', async () => {
  const answer = await as(people.owner).patch(api(paths.user(people.owner.id)), { status: 'disabled' })
  expect([answer.status, answer.json().detail]).toEqual([409, 'You can’t disable yourself.'])
})

test('disabling ends sessions, and enabling does not bring them back', async () => {
  const turn = (status: string) => as(people.owner).patch(api(paths.user(target.id)), { status })
  expect((await turn('disabled')).status).toBe(200)
  expect((await turn('active')).status).toBe(200)
  expect((await as(target).get(api(paths.auth.me))).status).toBe(401)
})

test('deleting ends sessions, and restoring does not bring them back', async () => {
  expect((await as(target).get(api(paths.auth.me))).status).toBe(200)
  expect((await as(people.owner).delete(api(paths.user(target.id)))).status).toBe(204)
  expect((await as(people.owner).post(`${api(paths.user(target.id))}/restore`)).status).toBe(200)
  expect((await as(target).get(api(paths.auth.me))).status).toBe(401)
})
