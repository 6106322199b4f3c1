import { expect, test } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  platformOrganization,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

// What the domains do by themselves to records that whoever does it can't read, beside others that they can.
const { owner } = await testDatabase()
const org = await makeOrganization()
const group = await makeGroup(org)

/** Somebody with these rights, who can also read what is theirs: that took the others away. */
const withOwn = (model: string, ...codes: string[]) =>
  personWith(org, [...codes, `${model}:read:own`], { groups: [group] })

/** A form that is taken, and leads to a page that is there. */
async function goesOn(by: Person, answer: Answer): Promise<void> {
  expect(answer.status, answer.text.slice(0, 300)).toBe(303)
  const next = await browserOf(by).get(answer.headers.get('location') as string)
  expect(next.status, answer.headers.get('location') as string).toBe(200)
}

const invited = () => makeUser(org, { groups: [group], status: 'invited' })

test.each<[string, (by: Person, id: string) => Promise<Answer>]>([
  ['switched', (by, id) => browserOf(by).patch(paths.toggleUser(id))],
  ['unlocked', (by, id) => browserOf(by).post(paths.unlockUser(id))],
])('somebody is %s by whoever reads themselves alone, and by nobody who reads more', async (_, write) => {
  const by = await withOwn('user', 'user:update:all')
  const { id } = await makeUser(org, { groups: [group] })
  await goesOn(by, await write(by, id))
  const looker = await personWith(org, ['user:read:all', 'user:update:own'])
  expect((await write(looker, id)).status).toBe(403)
  const other = await withOwn('user', 'user:update:own')
  expect((await write(other, id)).status).toBe(404)
})

test('a first password is given by whoever reads themselves alone', async () => {
  const by = await withOwn('user', 'user:update:all')
  const { id, accountId } = await invited()
  await owner.updateTable('accounts').set({ password_hash: null }).where('id', '=', accountId).execute()
  const password = { password: 'Walk-by-the-sea-7' }
  const looker = await personWith(org, ['user:read:all', 'user:update:own'])
  // refused before the password is looked at
  const weak = { password: 'a long walk by the sea' }
  expect((await as(looker).post(`/api/v1${paths.firstPassword(id)}`, weak)).status).toBe(403)
  await goesOn(by, await browserOf(by).post(paths.firstPassword(id), password))
})

test('an invitation is sent again by whoever may add people, who is told no more than a version', async () => {
  const by = await withOwn('user', 'user:create:group')
  const { id } = await invited()
  const answer = await as(by).post(`/api/v1${paths.inviteUser(id)}`)
  expect([answer.status, Object.keys(answer.json())]).toEqual([200, ['id', 'version']])
  await goesOn(by, await browserOf(by).post(paths.inviteUser(id)))
  const reader = await personWith(org, ['user:create:group', 'user:read:all'], { groups: [group] })
  const whole = await as(reader).post(`/api/v1${paths.inviteUser(id)}`)
  expect(whole.json()).toMatchObject({ id, status: 'invited' })
})

test('a role that can’t be given comes back with its form, for somebody who can’t be read', async () => {
  const by = await withOwn('user', 'user:update:all')
  const { id } = await makeUser(org, { groups: [group] })
  const role_id = await makeRole(org, { permissions: ['user:read:own'] })
  const past = await browserOf(by).post(paths.userRoles(id), { role_id, expires_at: '2020-01-01T00:00:00Z' })
  expect(past.status).toBe(422)
  await goesOn(by, await browserOf(by).post(paths.userRoles(id), { role_id }))
})

test('a group is made beneath one that is in reach and can’t be read', async () => {
  const by = await withOwn('group', 'group:create:group')
  const body = { name: unique('beneath'), kind: 'team', parent_id: group }
  expect((await browserOf(by).get('/groups/new')).text).toContain(`value="${group}"`)
  expect((await as(by).post('/api/v1/groups', body)).status).toBe(201)
  const outsider = await personWith(org, ['group:create:group', 'group:read:own'], {
    groups: [await makeGroup(org)],
  })
  expect((await as(outsider).post('/api/v1/groups', { ...body, name: unique('b') })).status).toBe(422)
})

async function makeKey(of: Person): Promise<string> {
  const values = { org_id: org.id, user_id: of.id, name: 'k', prefix: 'k', permissions: [] }
  const hash = Buffer.from(unique('hash'))
  return (
    await owner
      .insertInto('api_keys')
      .values({ ...values, hash })
      .returning('id')
      .executeTakeFirstOrThrow()
  ).id
}

test('an API key of somebody else is revoked, and its form of rotation opens, for whoever reads their own', async () => {
  const by = await withOwn('api_key', 'api_key:update:all', 'api_key:delete:all')
  const other = await makeUser(org)
  const key = await makeKey(other)
  expect((await browserOf(by).get(paths.rotateApiKey(key))).status).toBe(200)
  const looker = await personWith(org, ['api_key:read:all', 'api_key:update:own'])
  expect((await browserOf(looker).get(paths.rotateApiKey(key))).status).toBe(403)
  await goesOn(by, await browserOf(by).delete(paths.apiKey(key)))
})

test('a session is ended by whoever reads none', async () => {
  const by = await personWith(org, ['session:delete:all'])
  const session = async () => {
    const { id } = await makeUser(org)
    return owner.selectFrom('sessions').where('user_id', '=', id).select('id').executeTakeFirstOrThrow()
  }
  await goesOn(by, await browserOf(by).delete(paths.session((await session()).id)))
  await goesOn(by, await browserOf(by).post('/sessions/bulk', { action: 'end', ids: (await session()).id }))
})

test.each<[string, () => Promise<Organization>]>([
  ['the own organization', makeOrganization],
  ['one of the platform’s', platformOrganization],
])('the form of %s opens for whoever changes it and reads none', async (_, place) => {
  const here = await place()
  const by = await personWith(here, ['organization:update:all'])
  expect((await browserOf(by).get(pathsOf(paths.organizations).edit(here.id))).status).toBe(200)
  const nobody = await personWith(here, ['organization:create:all'])
  expect((await browserOf(nobody).get(pathsOf(paths.organizations).edit(here.id))).status).toBe(403)
  expect((await browserOf(by).get(paths.organization(here.id))).status).toBe(403)
})
