import { describe, expect, test } from 'vitest'
import type { UserRecord } from '#src/domains/people/users/model.ts'
import { paths } from '#src/paths.ts'
import { serviceWith } from '#tests/access/keys/keys.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { anonymous, as, browserOf } from '#tests/client.ts'
import { assign, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past } = await testDatabase()
const people = await makePeople()
const { org, owner, member, viewer, foreigner, group, elsewhere } = people
const api = (path: string) => `/api/v1${path}`
const body = (more: object = {}) => ({ username: unique('bot'), first_name: 'Nightly export', ...more })
const make = async (more: object = {}) => {
  const answer = await as(owner).post(api(paths.serviceAccounts), body(more))
  expect(answer.status, answer.text).toBe(201)
  return answer.json<UserRecord>()
}

describe('a service account', () => {
  test('is a user without account, password or address', async () => {
    const role = await makeRole(org, { permissions: ['user:read:all'] })
    const sent = body({ role_ids: [role], groups: [{ id: group, role: 'member' }] })
    const answer = await as(owner).post(api(paths.serviceAccounts), sent)
    expect(answer.status).toBe(201)
    const made = answer.json<UserRecord>()
    expect(made).toMatchObject({ kind: 'service', username: sent.username, email: '', status: 'active' })
    expect([made.roles.map(({ id }) => id), made.groups.map(({ id }) => id)]).toEqual([[role], [group]])
    const row = await past.selectFrom('users').where('id', '=', made.id).selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({ account_id: null, created_by: owner.id })
    const actions = (await recorded(owner, answer, 'api')).map(({ action }) => action)
    expect(actions.sort()).toEqual(['group_member:create', 'user:create', 'user_role:create'])
    // several have no address
    await make()
  })

  test('can’t sign in, nor be given a way to', async () => {
    const made = await make()
    for (const username of [made.username, ''])
      expect(
        (await anonymous().post(api(paths.auth.login), { username, password: PASSWORD })).status,
      ).not.toBe(200)
    expect((await as(owner).patch(api(paths.user(made.id)), { email: 'bot@example.com' })).status).toBe(422)
    await expect(
      past.updateTable('users').set({ account_id: owner.accountId }).where('id', '=', made.id).execute(),
    ).rejects.toMatchObject({ code: '23514' })
    expect((await as(owner).post(api(paths.inviteUser(made.id)))).status).toBe(409)
  })

  test('is made by who may make users and give its roles', async () => {
    await denied(viewer, 'user:create', () => as(viewer).post(api(paths.serviceAccounts), body()))
    const weak = await personWith(org, ['user:create:all', 'user:read:all'])
    const strong = body({ role_ids: [roleOf(org, 'owner')] })
    await denied(weak, 'role:assign', () => as(weak).post(api(paths.serviceAccounts), strong))
    const abroad = body({ groups: [{ id: elsewhere, role: 'member' }] })
    expect((await as(member).post(api(paths.serviceAccounts), abroad)).status).toBe(403)
    expect((await as(member).post(api(paths.serviceAccounts), body())).status).toBe(403)
    const inside = body({ groups: [{ id: group, role: 'member' }] })
    expect((await as(member).post(api(paths.serviceAccounts), inside)).status).toBe(201)
    expect((await as(weak).post(api(paths.serviceAccounts), body({ email: 'x@example.com' }))).status).toBe(
      422,
    )
    expect((await as(weak).post(api(paths.serviceAccounts), body({ password: PASSWORD }))).status).toBe(422)
  })

  test('has a name of its own', async () => {
    const made = await make()
    const again = await as(owner).post(api(paths.serviceAccounts), body({ username: made.username }))
    expect([again.status, again.json().errors?.[0]?.path]).toEqual([409, 'username'])
    expect(
      (await as(foreigner).post(api(paths.serviceAccounts), body({ username: made.username }))).status,
    ).toBe(201)
  })

  test('is listed, among the people and by itself, and never elsewhere', async () => {
    const made = await make()
    const found = async (path: string, who = owner) =>
      (await as(who).get(api(`${path}?q=${made.username}`)))
        .json<{ data: UserRecord[] }>()
        .data.map(({ id }) => id)
    expect(await found(paths.users)).toEqual([made.id])
    expect(await found(paths.serviceAccounts)).toEqual([made.id])
    expect(await found(paths.serviceAccounts, foreigner)).toEqual([])
    const all = (await as(owner).get(api(`${paths.serviceAccounts}?limit=200`))).json<{
      data: UserRecord[]
    }>().data
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['service']))
    await hidden(foreigner, () => as(foreigner).get(api(paths.user(made.id))))
    expect((await browserOf(owner).get(paths.serviceAccounts)).text).toContain(made.username)
    const page = await browserOf(owner).get(paths.user(made.id))
    expect(page.text).toContain(paths.newApiKey(made.id).replace('&', '&amp;'))
    expect((await browserOf(owner).get(paths.newApiKey(made.id))).status).toBe(200)
    expect((await browserOf(owner).get(paths.newApiKey(member.id))).status).toBe(404)
  })

  test('is renamed, disabled and enabled like a person', async () => {
    const made = await make()
    const username = unique('renamed')
    expect((await as(owner).patch(api(paths.user(made.id)), { username })).json()).toMatchObject({ username })
    const toggled = await as(owner).patch(api(paths.toggleUser(made.id)))
    expect(toggled.json()).toMatchObject({ status: 'disabled' })
    expect((await as(owner).patch(api(paths.toggleUser(made.id)))).json()).toMatchObject({ status: 'active' })
    expect((await browserOf(owner).get(`${paths.user(made.id)}/edit`)).text).not.toContain('name="email"')
    expect((await as(viewer).patch(api(paths.user(made.id)), { username: 'x' })).status).toBe(403)
    expect((await as(owner).delete(api(paths.user(made.id)))).status).toBe(204)
    expect((await as(owner).post(api(`${paths.user(made.id)}/restore`))).status).toBe(200)
  })

  test('is not renamed by who is weaker', async () => {
    const made = await serviceWith({ org }, [roleOf(org, 'owner')])
    const weak = await personWith(org, ['user:update:all', 'user:read:all'])
    await denied(weak, 'role:assign', () => as(weak).patch(api(paths.user(made.id)), { username: 'x' }))
  })

  test('is asked about like anybody', async () => {
    const made = await serviceWith({ org }, [await makeRole(org, { permissions: ['user:read:all'] })])
    const why = await as(owner).get(api(paths.access.why({ user: made.id, permission: 'user:read' })))
    expect(why.json()).toMatchObject({ allowed: true })
  })

  test('is not the last who administers roles', async () => {
    const other = await makePeople()
    await serviceWith(other, [roleOf(other.org, 'owner')])
    await past.deleteFrom('user_roles').where('user_id', '=', other.admin.id).execute()
    // as strong as the owner, but not for good
    const chief = await makeUser(other.org)
    await assign(other.org, chief.id, { id: roleOf(other.org, 'owner'), expires: '1 hour' })
    const turn = () => as(chief).patch(api(paths.toggleUser(other.owner.id)))
    expect((await turn()).status).toBe(409)
    await personWith(other.org, [], { roles: [roleOf(other.org, 'owner')] })
    expect((await turn()).status).toBe(200)
  })
})
