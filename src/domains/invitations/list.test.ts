import { beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { type Invitation, invite, newAddress } from '#tests/access/inviting.ts'
import { denied } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeRole, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { makePeople, personWith } from '#tests/people.ts'

const people = await makePeople()
const { org, admin, colleague, group } = people
const OF_GROUP = ['create', 'read', 'update', 'delete'].map((action) => `invitation:${action}:group`)
const inGroup = (id: string) => personWith(org, [...OF_GROUP, 'group:read:group'], { groups: [id] })
const member = await inGroup(group)
const outsider = await inGroup(people.elsewhere)
const looker = await personWith(org, ['invitation:read:all'])
const plain = await makeRole(org, { name: 'Plain', permissions: [] })
const api = (path: string) => `/api/v1${path}`

let target: Invitation
beforeEach(async () => {
  target = await invite(member, { group_id: group })
})
const one = () => paths.invitation(target.id)

describe('the list', () => {
  type Page = { data: Invitation[]; page: { total: number } }
  const list = async (by: Person, query = '', path: string = paths.invitations) =>
    (await as(by).get(`${api(path)}${query}`)).json<Page>()

  test('is searched by address, filtered by status and group, and sorted', async () => {
    const name = unique('needle')
    const own = [
      await invite(admin, { email: `${name}@b.example` }),
      await invite(admin, { email: `${name}@a.example` }),
    ]
    await as(admin).post(api(paths.revokeInvitation((own[0] as Invitation).id)))
    const found = await list(admin, `?q=${name}&sort=email`)
    expect(found.data.map(({ email }) => email)).toEqual([`${name}@a.example`, `${name}@b.example`])
    expect((await list(admin, `?q=${name}&status=revoked`)).data).toMatchObject([
      { email: `${name}@b.example` },
    ])
    expect((await list(admin, `?q=${name}&group_id=${group}`)).data).toEqual([])
    expect((await list(admin, `?q=${target.email}&group_id=${group}&sort=-expires_at`)).data).toHaveLength(1)
    expect((await as(admin).get(`${api(paths.invitations)}?sort=status`)).status).toBe(400)
  })

  test('is the same below /admin', async () => {
    const there = await list(admin, `?q=${target.email}`, paths.admin.invitations)
    expect(there).toEqual(await list(admin, `?q=${target.email}`))
    const email = newAddress()
    const made = await as(admin).post(api(paths.admin.invitations), { email, role_ids: [] })
    expect([made.status, made.headers.get('location')]).toEqual([
      201,
      expect.stringMatching(/\/invitations\/[\w-]+$/),
    ])
    await denied(colleague, 'invitation:create', () =>
      as(colleague).post(api(paths.admin.invitations), { email, role_ids: [] }),
    )
    await denied(colleague, 'invitation:read', () => as(colleague).get(api(paths.admin.invitations)))
  })

  test('shows what the reader may see: their group’s, their own; of roles, groups and people what they may read', async () => {
    const seen = (await list(member)).data.map(({ id }) => id)
    expect(seen).toContain(target.id)
    expect((await list(outsider)).data.map(({ id }) => id)).not.toContain(target.id)
    const role = await invite(admin, { role_ids: [plain], group_id: group })
    const read = async (by: Person) => (await as(by).get(api(paths.invitation(role.id)))).json<Invitation>()
    expect(await read(admin)).toMatchObject({
      roles: [{ id: plain, name: 'Plain' }],
      group: { id: group, name: expect.any(String) },
      invited_by: { id: admin.id, name: admin.username },
    })
    expect(await read(looker)).toMatchObject({
      roles: [],
      group: { id: group },
      invited_by: { id: admin.id },
    })
    expect(JSON.stringify(await read(looker))).not.toContain(admin.username)
    const own = await personWith(org, ['invitation:create:own', 'invitation:read:own'])
    const mine = await invite(own)
    expect((await list(own)).data).toMatchObject([{ id: mine.id }])
  })

  test('stands beside that of people', async () => {
    const users = await browserOf(admin).get(paths.users)
    expect(users.text).toContain('href="/invitations?status=pending"')
    const pending = await browserOf(admin).get(paths.pendingInvitations)
    expect(pending.text).toMatch(/href="\/invitations\?status=pending" aria-current="page"/)
    expect(pending.text).toContain(target.email)
    expect((await browserOf(people.viewer).get(paths.users)).text).not.toContain('/invitations')
  })
})

describe('pages', () => {
  test('the form offers roles and groups that may be given, and keeps what was entered', async () => {
    const form = await browserOf(member).get(paths.newInvitation)
    expect(form.text).toContain(`value="${group}"`)
    expect(form.text).not.toContain(people.elsewhere)
    expect(form.text).not.toContain('owner')
    expect((await browserOf(admin).get(paths.newInvitation)).text).toContain('>operator<')
    const again = await browserOf(member).post(paths.manyInvitations, { emails: '', group_id: group })
    expect(again.text).toMatch(new RegExp(`value="${group}" selected`))
  })

  test('of an invitation shows what it gives, with what may be done, and its history', async () => {
    const page = await browserOf(member).get(one())
    expect((await browserOf(member).get(`${one()}/edit`)).text).toContain('name="role_ids"')
    for (const verb of ['resend', 'revoke', 'edit']) expect(page.text).toContain(`${one()}/${verb}`)
    const seen = await browserOf(looker).get(one())
    for (const verb of ['resend', 'revoke', 'edit']) expect(seen.text).not.toContain(`${one()}/${verb}`)
    await as(admin).post(api(paths.revokeInvitation(target.id)))
    expect((await browserOf(member).get(one())).text).not.toContain('/resend')
    const history = await as(admin).get(api(`${one()}/history`))
    expect(history.json<{ data: { action: string }[] }>().data.map(({ action }) => action)).toEqual([
      'invitation:update',
      'invitation:create',
    ])
    const late = await browserOf(member).get(`${one()}/edit`)
    expect([late.status, late.text.includes('This invitation can’t be changed any more.')]).toEqual([
      409,
      true,
    ])
  })

  test('a form that was opened before a change says so', async () => {
    await as(admin).patch(api(one()), { role_ids: [plain] })
    const stale = await browserOf(member).patch(one(), { version: '1', group_id: group })
    expect(stale.status).toBe(412)
    expect(
      (await as(member).post(api(paths.revokeInvitation(target.id)), undefined, { 'If-Match': '"1"' }))
        .status,
    ).toBe(412)
  })
})
