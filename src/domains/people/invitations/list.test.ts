import { beforeEach, describe, expect, test } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeRole, unique } from '#tests/factories.ts'
import { accept, type Invitation, invite, newEmail, tokenFor } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
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

  test('says of one that ran out that it did, before a job has written so', async () => {
    const past = new Date(Date.now() - 1000).toISOString()
    const read = async () => (await as(admin).get(api(one()))).json<Invitation>().status
    expect(await read()).toBe('pending')
    await owner.updateTable('invitations').set({ expires_at: past }).where('id', '=', target.id).execute()
    expect(await read()).toBe('expired')
    const among = async (status: string) =>
      (await list(admin, `?q=${target.email}&status=${status}`)).data.map(({ id }) => id)
    expect([await among('pending'), await among('expired'), await among('accepted,expired')]).toEqual([
      [],
      [target.id],
      [target.id],
    ])
  })

  test('is the same below /admin', async () => {
    const there = await list(admin, `?q=${target.email}`, paths.admin.invitations)
    expect(there).toEqual(await list(admin, `?q=${target.email}`))
    const email = newEmail()
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
    const form = await browserOf(member).get(pathsOf(paths.invitations).new)
    expect(form.text).toContain(`value="${group}"`)
    expect(form.text).not.toContain(people.elsewhere)
    expect(form.text).not.toContain('owner')
    // of whom there are many to give, they are searched for
    expect((await browserOf(admin).get(pathsOf(paths.invitations).new)).text).toContain(
      'data-picker="role_ids"',
    )
    const found = await as(admin).get(api(`${paths.roles}/options?for=invitation&q=operator`))
    expect(found.text).toContain('"operator"')
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

describe('an invitation that nobody can accept', () => {
  type Read = Invitation & { obstacle: string | null }
  const read = async () => (await as(admin).get(api(one()))).json<Read>()

  test('whose role is gone is mended by choosing what it gives anew', async () => {
    const doomed = await makeRole(org, { permissions: [] })
    const given = await makeGroup(org)
    target = await invite(admin, { role_ids: [doomed], group_id: given })
    const token = await tokenFor(target.email)
    for (const path of [paths.role(doomed), paths.group(given)])
      expect((await as(people.owner).delete(api(path))).status).toBe(204)
    expect(await read()).toMatchObject({ status: 'pending', obstacle: 'role' })
    const page = await browserOf(admin).get(one())
    expect(page.text).toContain('No one can accept this')
    expect(page.text).toContain('A role it assigns is deleted or disabled. Edit it to choose their access')
    // who only reads it isn't sent to do what they can't
    expect((await browserOf(looker).get(one())).text).not.toContain('Edit it to choose')
    const list = await browserOf(admin).get(`${paths.invitations}?blocked=true&q=${target.email}`)
    expect(list.text).toMatch(/>Blocked<\/span>/)
    const changed = await as(admin).patch(api(one()), { role_ids: [plain] })
    expect(changed.json()).toMatchObject({ errors: [{ path: 'group_id' }] })
    const both = await browserOf(admin).patch(one(), {
      role_ids: plain,
      group_id: '',
      version: String(target.version),
    })
    expect(both.status, both.text).toBe(303)
    expect(await read()).toMatchObject({ obstacle: null, roles: [{ id: plain }], group_id: null })
    expect((await browserOf(admin).get(one())).text).not.toContain('No one can accept this')
    expect((await accept(token)).status).toBe(201)
  })

  test('whose inviter is gone is mended by sending it again under one’s own name', async () => {
    const leaving = await personWith(org, ['invitation:create:all'])
    target = await invite(leaving)
    await as(people.owner).delete(api(paths.user(leaving.id)))
    expect(await read()).toMatchObject({ obstacle: 'inviter' })
    expect((await browserOf(admin).get(one())).text).toContain('Resend it to vouch for it yourself.')
    const sent = await as(admin).post(api(paths.resendInvitation(target.id)))
    expect(sent.json()).toMatchObject({ obstacle: null, invited_by: { id: admin.id } })
    expect((await accept(await tokenFor(target.email))).status).toBe(201)
    expect(await read()).toMatchObject({ status: 'accepted', obstacle: null })
  })
})
