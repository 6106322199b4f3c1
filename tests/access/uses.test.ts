import { beforeAll, expect, test } from 'vitest'
import { createApp } from '#src/app.ts'
import { LastSeen } from '#src/http/last-seen.ts'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeUser, type Organization } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { db, owner } = here
const api = (path: string) => `/api/v1${path}`

let org: Organization
let kim: Person
let seen: LastSeen
let app: App
beforeAll(async () => {
  org = await makeOrganization()
  kim = await personWith(org, ['user:read:all', 'user:update:own', 'group:read:all', 'role:read:all'])
  seen = new LastSeen(db)
  app = createApp({ ...here, seen: seen.mark, used: seen.use }) as unknown as App
})

const usesOf = async (person: { id: string }) =>
  (
    await owner
      .selectFrom('permission_uses')
      .where('user_id', '=', person.id)
      .orderBy('model')
      .orderBy('action')
      .selectAll()
      .execute()
  ).map(({ model, action, last_at }) => ({ code: `${model}:${action}`, last_at }))
const codesOf = async (person: { id: string }) => (await usesOf(person)).map(({ code }) => code)

test('what somebody was let through by is written together, and not by the request', async () => {
  expect((await as(kim, app).get(api(paths.users))).status).toBe(200)
  expect((await browserOf(kim, app).get(paths.user(kim.id))).status).toBe(200)
  await as(kim, app).patch(api(paths.user(kim.id)), { first_name: 'Kim' })
  expect(await codesOf(kim)).toEqual([])
  await seen.flush()
  // what a page only looks at, to offer it or not, is no use of it
  expect(await codesOf(kim)).toEqual(['user:read', 'user:update'])
})

test('the time is the last one’s, in the same row', async () => {
  const [before] = await usesOf(kim)
  await as(kim, app).get(api(paths.users))
  await seen.flush()
  const [after, ...others] = await usesOf(kim)
  expect(others).toHaveLength(1)
  expect(Date.parse(after?.last_at as string)).toBeGreaterThan(Date.parse(before?.last_at as string))
})

test('a refusal is no use', async () => {
  const nobody = await makeUser(org)
  expect((await as(nobody, app).get(api(paths.users))).status).toBe(403)
  await seen.flush()
  expect(await codesOf(nobody)).toEqual([])
})

test('an API key counts for its person', async () => {
  const person = await personWith(org, ['group:read:all', 'api_key:create:own'])
  const key = await withKey(person, ['group:read:all'])
  expect((await as(key, app).get(api(paths.groups))).status).toBe(200)
  await seen.flush()
  expect(await codesOf(person)).toEqual(['group:read'])
})

test('costs a request no statement', async () => {
  const counted = async (by: App) => {
    const { statements } = db.counted
    await as(kim, by).get(api(paths.groups))
    return db.counted.statements - statements
  }
  await counted(app)
  expect(await counted(app)).toBe(await counted(here.app))
})

test('what can’t be written now is written with the next; who is gone is passed over', async () => {
  const person = await personWith(org, ['group:read:all'])
  const gone = { ...kim, id: '00000000-0000-7000-8000-000000000000' }
  const identity = { impersonatorId: null } as never
  const use = (id: string, ...used: string[]) =>
    flaky.use({ orgId: org.id, userId: id, identity, used: new Set(used) as never })
  let away = true
  const lookup: typeof db.lookup = (call) => (away ? Promise.reject(new Error('away')) : db.lookup(call))
  const flaky = new LastSeen({ lookup } as never)
  use(person.id, 'group:read')
  use(gone.id, 'group:read')
  await flaky.flush()
  expect(await codesOf(person)).toEqual([])
  away = false
  await flaky.stop()
  expect(await codesOf(person)).toEqual(['group:read'])
  expect(await codesOf(gone)).toEqual([])
})

test('who acts as somebody else uses nothing in their name', async () => {
  const person = await makeUser(org)
  const used = new Set(['user:read']) as never
  const as_ = (impersonatorId: string | null) =>
    seen.use({ orgId: org.id, userId: person.id, identity: { impersonatorId } as never, used })
  as_(kim.id)
  await seen.flush()
  expect(await codesOf(person)).toEqual([])
  as_(null)
  await seen.flush()
  expect(await codesOf(person)).toEqual(['user:read'])
})
