import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { accept, tokenFor, userAt } from '#tests/people/invitations/inviting.ts'
import { personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const org = await makeOrganization()
const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const api = (path: string) => `/api/v1${path}`
const change = (table: 'users' | 'roles' | 'groups' | 'accounts', id: string, set: object) =>
  owner.updateTable(table).set(set).where('id', '=', id).execute()

describe('of somebody who was added without a password', () => {
  const adding = ['user:create:group', 'user:read:group', 'user:update:group']
  async function added(role_ids: string[] = []) {
    const group = await makeGroup(org)
    const by = await personWith(org, [...adding, 'user:read:own'], { groups: [group] })
    const username = unique('added')
    const body = { username, email: `${username}@example.com`, role_ids, groups: [{ id: group }] }
    const made = await as(by).post(api(paths.users), body)
    expect(made.status, made.text).toBe(201)
    return { by, id: made.json<{ id: string }>().id, email: body.email, group }
  }

  test('whoever added them is asked again, for what they gave, and not for what others gave since', async () => {
    const role = await makeRole(org, { permissions: ['user:read:own'] })
    const { by, id, email } = await added([role])
    const token = await tokenFor(email)
    // somebody else gives more
    const more = await as(chief).post(api(paths.userRole(id, roleOf(org, 'admin'))))
    expect(more.status, more.text).toBeLessThan(300)
    const there = await makeGroup(org)
    const put = await as(chief).put(api(paths.groupMember(paths.groups, there, id)), { role: 'lead' })
    expect(put.status, put.text).toBeLessThan(300)
    await change('users', by.id, { status: 'disabled' })
    expect((await accept(token)).status).toBe(409)
    await change('users', by.id, { status: 'active' })
    expect((await accept(token)).status).toBe(201)
    const user = await userAt(org, email)
    expect([user?.roles.length, user?.groups.length]).toEqual([2, 2])
  })

  test('whoever invites them again has to be able to give what they have by then', async () => {
    const { by, id, email } = await added()
    const before = await tokenFor(email)
    const again = () => as(by).post(api(paths.inviteUser(id)))
    expect((await again()).status).toBe(200)
    expect((await accept(before)).status).toBe(404)
    await as(chief).post(api(paths.userRole(id, roleOf(org, 'admin'))))
    await denied(by, 'role:assign', again)
    expect((await as(chief).post(api(paths.inviteUser(id)))).status).toBe(200)
    expect((await accept(await tokenFor(email))).status).toBe(201)
    expect((await as(chief).post(api(paths.inviteUser(id)))).status).toBe(409)
  })
})
