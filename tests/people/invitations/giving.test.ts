import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf } from '#tests/factories.ts'
import { accept, invite, newEmail, storedInvitation, tokenFor } from '#tests/people/invitations/inviting.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const org = await makeOrganization()
const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const api = (path: string) => `/api/v1${path}`
const INVITES = [
  'invitation:create:all',
  'invitation:read:all',
  'invitation:update:all',
  'invitation:delete:all',
]
const OF_GROUP = INVITES.map((code) => code.replace('all', 'group'))

const change = (table: 'users' | 'roles' | 'groups' | 'accounts', id: string, set: object) =>
  owner.updateTable(table).set(set).where('id', '=', id).execute()
const deleted = { deleted_at: sql`now()` }
const takeRoles = (person: Person) =>
  owner.deleteFrom('user_roles').where('user_id', '=', person.id).execute()

describe('whoever invites has what they give', () => {
  const post = (by: Person, body: object) =>
    as(by).post(api(paths.invitations), { email: newEmail(), ...body })
  const many = (by: Person, body: object) =>
    as(by).post(api(paths.manyInvitations), { emails: [newEmail(), newEmail()], ...body })

  test.each([
    ['one', post, 201],
    ['many', many, 200],
  ] as const)('by role: %s', async (_, attempt, done) => {
    const weak = await personWith(org, INVITES)
    const held = await makeRole(org, { permissions: ['user:read:own'] })
    const more = await makeRole(org, { parents: [held], permissions: ['invitation:read:all'] })
    const holder = await personWith(org, [...INVITES, 'user:read:own'])
    for (const role of [held, more, roleOf(org, 'admin')])
      await denied(weak, 'role:assign', () => attempt(weak, { role_ids: [role] }))
    await denied(holder, 'role:assign', () => attempt(holder, { role_ids: [held, roleOf(org, 'owner')] }))
    for (const role of [held, more]) expect((await attempt(holder, { role_ids: [role] })).status).toBe(done)
    // what comes with an organization may be given by who assigns roles, but for the strongest
    const assigner = await personWith(org, [...INVITES, 'role:assign:all'])
    expect((await attempt(assigner, { role_ids: [roleOf(org, 'operator')] })).status).toBe(done)
    await denied(assigner, 'role:assign', () => attempt(assigner, { role_ids: [roleOf(org, 'admin')] }))
  })

  test('by group: into one that is theirs, and no role that reaches further there than they do', async () => {
    const [mine, theirs] = [await makeGroup(org), await makeGroup(org)]
    const beneath = await makeGroup(org, { parent: mine, kind: 'warehouse' })
    const reads = await makeRole(org, { permissions: ['user:read:group'] })
    const by = await personWith(org, [...OF_GROUP, 'user:read:group'], { groups: [mine] })
    for (const group_id of [mine, beneath]) {
      expect((await post(by, { group_id })).status).toBe(201)
      expect((await post(by, { group_id, role_ids: [reads] })).status).toBe(201)
    }
    await denied(by, 'group:update', () => post(by, { group_id: theirs }))
    await denied(by, 'invitation:create', () => post(by, {}))
    // everywhere, but not what others of the group may there
    const everywhere = await personWith(org, [...INVITES, 'group:update:all', 'user:read:group'])
    expect((await post(everywhere, { group_id: theirs })).status).toBe(201)
    await denied(everywhere, 'role:assign', () => post(everywhere, { group_id: theirs, role_ids: [reads] }))
    const nowhere = await personWith(org, INVITES)
    await denied(nowhere, 'group:update', () => post(nowhere, { group_id: theirs }))
    // who only looks at a group places nobody in it
    const viewer = await personWith(org, OF_GROUP, { groups: [{ id: mine, role: 'viewer' }] })
    await denied(viewer, 'group:update', () => post(viewer, { group_id: mine }))
  })

  test('only what is there, and works', async () => {
    const strange = await makeOrganization()
    const off = await makeRole(org, { status: 'disabled' })
    const gone = await makeRole(org)
    await change('roles', gone, deleted)
    for (const role of [off, gone, roleOf(strange, 'viewer')]) {
      const answer = await post(chief, { role_ids: [role] })
      expect([answer.status, answer.json().errors?.[0]?.path], answer.text).toEqual([422, 'role_ids.0'])
    }
    const lost = await makeGroup(org)
    await change('groups', lost, deleted)
    for (const group_id of [lost, await makeGroup(strange)]) {
      const answer = await post(chief, { group_id })
      expect([answer.status, answer.json().errors?.[0]?.path], answer.text).toEqual([422, 'group_id'])
    }
  })

  test('also to change one, to send it once more, and to bring it back', async () => {
    const held = await makeRole(org, { permissions: ['user:read:own'] })
    const strong = await invite(chief, { role_ids: [roleOf(org, 'admin')] })
    const weak = await personWith(org, [...INVITES, 'user:read:own'])
    const resend = () => as(weak).post(api(paths.resendInvitation(strong.id)))
    const restore = () => as(weak).post(api(`${paths.invitation(strong.id)}/restore`))
    const change = (role_ids: string[]) => as(weak).patch(api(paths.invitation(strong.id)), { role_ids })
    await denied(weak, 'role:assign', resend)
    await denied(weak, 'role:assign', () => change([roleOf(org, 'admin'), held]))
    expect((await as(weak).delete(api(paths.invitation(strong.id)))).status).toBe(204)
    await denied(weak, 'role:assign', restore)
    expect((await as(chief).post(api(`${paths.invitation(strong.id)}/restore`))).status).toBe(200)
    // to less, which is theirs to give: they vouch for it from then on
    const changed = await change([held])
    expect([changed.status, changed.json()]).toMatchObject([200, { invited_by: { id: weak.id } }])
    expect((await resend()).status).toBe(200)
    await takeRoles(weak)
    expect((await accept(await tokenFor(strong.email))).status).toBe(409)
  })

  test('in bulk: each is done, or refused', async () => {
    const weak = await personWith(org, [...INVITES, 'user:read:own'])
    const mine = await invite(weak)
    const strong = await invite(chief, { role_ids: [roleOf(org, 'admin')] })
    const before = await storedInvitation(strong.id)
    const answer = await as(weak).post(api('/invitations/bulk'), {
      action: 'resend',
      ids: [mine.id, strong.id],
    })
    expect(answer.json()).toMatchObject({ done: 1, refused: 1 })
    expect(await storedInvitation(strong.id)).toEqual(before)
    const revoked = await as(weak).post(api('/invitations/bulk'), {
      action: 'revoke',
      ids: [mine.id, strong.id],
    })
    expect(revoked.json()).toMatchObject({ done: 2, refused: 0 })
  })
})
