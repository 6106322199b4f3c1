import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { denied, state, trail } from '#tests/access/trail.ts'
import { anonymous, as, visitor } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  platformOrganization,
  roleOf,
} from '#tests/factories.ts'
import { accept, invitedBy, newEmail, userAt } from '#tests/people/invitations/inviting.ts'
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

describe('when it is accepted, whoever invited is asked again', () => {
  type Case = { by: Person; id: string; email: string; token: string; role: string; group: string }

  /** Somebody who may give just this role in just this group, and the invitation that they sent. */
  async function invited(): Promise<Case> {
    const group = await makeGroup(org)
    const role = await makeRole(org, { permissions: ['user:read:own', 'user:read:group'] })
    const by = await personWith(org, [...OF_GROUP, 'user:read:own', 'user:read:group'], { groups: [group] })
    const { id, email, token } = await invitedBy(by, { role_ids: [role], group_id: group })
    return { by, id, email, token, role, group }
  }

  /** What an administrator reads of it, and whether it is among those that are blocked. */
  async function seen({ id, email }: Case): Promise<[string | null, boolean]> {
    const read = await as(chief).get(api(paths.invitation(id)))
    const list = await as(chief).get(api(`${paths.invitations}?blocked=true&q=${email}`))
    const all = await as(chief).get(api(`${paths.invitations}?status=pending&q=${email}`))
    type Listed = { data: { id: string; obstacle: string | null }[] }
    const { obstacle } = read.json<{ obstacle: string | null }>()
    expect(all.json<Listed>().data).toMatchObject([{ id, obstacle }])
    return [obstacle, list.json<Listed>().data.some((one) => one.id === id)]
  }

  /** Before anything is typed: on the page of the link, and as JSON. */
  async function told({ token }: Case, status: number) {
    const page = await visitor().get(paths.acceptInvitation(token))
    expect(page.status).toBe(status)
    expect(page.text.includes('name="password"')).toBe(status === 200)
    expect(page.text.includes('You can’t accept this invitation now')).toBe(status === 409)
    const json = await anonymous().get(api(paths.acceptInvitation(token)))
    expect(json.status).toBe(status)
    expect(json.json()).toMatchObject(status === 200 ? { known: false } : { type: 'invitation-blocked' })
  }

  test('and all is given where nothing changed', async () => {
    const { email, token, role, group } = await invited()
    expect((await accept(token)).status).toBe(201)
    expect(await userAt(org, email)).toMatchObject({
      roles: [{ role_id: role }],
      groups: [{ group_id: group }],
    })
  })

  const causes: [string, string, (one: Case) => Promise<unknown>, (one: Case) => Promise<unknown>][] = [
    [
      'who was disabled',
      'inviter',
      ({ by }) => change('users', by.id, { status: 'disabled' }),
      ({ by }) => change('users', by.id, { status: 'active' }),
    ],
    [
      'who was deleted',
      'inviter',
      ({ by }) => change('users', by.id, deleted),
      ({ by }) => change('users', by.id, { deleted_at: null }),
    ],
    [
      'whose account was disabled',
      'inviter',
      ({ by }) => change('accounts', by.accountId, { status: 'disabled' }),
      ({ by }) => change('accounts', by.accountId, { status: 'active' }),
    ],
    [
      'who was demoted',
      'rights',
      ({ by }) => takeRoles(by),
      async ({ by }) => {
        const again = [...OF_GROUP, 'user:read:own', 'user:read:group']
        await assign(org, by.id, await makeRole(org, { permissions: again }))
      },
    ],
    [
      'who still invites, and has less than is given',
      'rights',
      async ({ by }) => {
        await takeRoles(by)
        await assign(org, by.id, await makeRole(org, { permissions: OF_GROUP }))
      },
      async ({ by }) =>
        assign(org, by.id, await makeRole(org, { permissions: ['user:read:own', 'user:read:group'] })),
    ],
    [
      'who is out of the group',
      'rights',
      ({ by, group }) =>
        owner
          .deleteFrom('group_members')
          .where('user_id', '=', by.id)
          .where('group_id', '=', group)
          .execute(),
      ({ by, group }) => addMember(org, by.id, group),
    ],
    [
      'who only looks at the group',
      'rights',
      ({ by }) =>
        owner.updateTable('group_members').set({ role: 'viewer' }).where('user_id', '=', by.id).execute(),
      ({ by }) =>
        owner.updateTable('group_members').set({ role: 'lead' }).where('user_id', '=', by.id).execute(),
    ],
    [
      'and the role gives more by now',
      'rights',
      async ({ role }) => {
        const permission_id = org.permissions.get('user:delete:all') as string
        await owner
          .insertInto('role_permissions')
          .values({ org_id: org.id, role_id: role, permission_id })
          .execute()
      },
      async ({ role }) => {
        const permission_id = org.permissions.get('user:delete:all') as string
        await owner
          .deleteFrom('role_permissions')
          .where('role_id', '=', role)
          .where('permission_id', '=', permission_id)
          .execute()
      },
    ],
    [
      'and the role is disabled',
      'role',
      ({ role }) => change('roles', role, { status: 'disabled' }),
      ({ role }) => change('roles', role, { status: 'active' }),
    ],
    [
      'and the role is deleted',
      'role',
      ({ role }) => change('roles', role, deleted),
      ({ role }) => change('roles', role, { deleted_at: null }),
    ],
    [
      'and the group is deleted',
      'group',
      ({ group }) => change('groups', group, deleted),
      ({ group }) => change('groups', group, { deleted_at: null }),
    ],
  ]
  test.each(causes)(
    '%s: it does not work, which is in the trail, and works again',
    async (_, obstacle, takes, gives) => {
      const one = await invited()
      expect(await seen(one)).toEqual([null, false])
      await takes(one)
      expect(await seen(one)).toEqual([obstacle, true])
      await told(one, 409)
      const before = await state(org)
      const refused = await accept(one.token)
      expect([refused.status, refused.json().type], refused.text).toEqual([409, 'invitation-blocked'])
      expect(await state(org)).toEqual(before)
      expect(
        await owner.selectFrom('accounts').where('email', '=', one.email).select('id').execute(),
      ).toEqual([])
      const lines = await trail(org, { request: refused.headers.get('x-request-id') as string })
      expect(lines).toMatchObject([
        { action: 'invitation:refuse', data: { after: { because: expect.any(String) } } },
      ])
      expect(
        (await visitor().post(paths.acceptInvitation(one.token), { password: 'Correct-Horse-7' })).status,
      ).toBe(409)
      await gives(one)
      expect(await seen(one)).toEqual([null, false])
      await told(one, 200)
      const done = await accept(one.token)
      expect(done.status, done.text).toBe(201)
      expect(await userAt(org, one.email)).toMatchObject({ roles: [{ role_id: one.role }] })
    },
  )

  test('who invites everywhere, and is out of the group where the role reaches: the list knows it, too', async () => {
    const group = await makeGroup(org)
    const role = await makeRole(org, { permissions: ['user:read:group'] })
    const codes = [...INVITES, 'group:update:all', 'user:create:all', 'user:read:group']
    const by = await personWith(org, codes, { groups: [group] })
    const one = { by, role, group, ...(await invitedBy(by, { role_ids: [role], group_id: group })) }
    // who was added already, with the same, to a group; and who only looks there, with what lets them write
    const person = (permissions: string[], as: 'member' | 'viewer') =>
      makeRole(org, { permissions }).then((id) =>
        makeUser(org, { status: 'invited', roles: [id], groups: [{ id: group, role: as }] }),
      )
    const [added, looks] = [
      await person(['user:read:group'], 'member'),
      await person(['group:update:group'], 'viewer'),
    ]
    await assign(org, by.id, await makeRole(org, { permissions: ['group:update:group'] }))
    for (const { id } of [added, looks])
      expect((await as(by).post(api(paths.inviteUser(id)))).status).toBeLessThan(300)
    const obstacleOf = async ({ email }: { email: string }) =>
      (await as(chief).get(api(`${paths.invitations}?status=pending&q=${email}`)))
        .json<{ data: { obstacle: string | null }[] }>()
        .data.map(({ obstacle }) => obstacle)
    expect([await seen(one), await obstacleOf(added), await obstacleOf(looks)]).toEqual([
      [null, false],
      [null],
      [null],
    ])

    await owner
      .deleteFrom('group_members')
      .where('user_id', '=', by.id)
      .where('group_id', '=', group)
      .execute()
    expect([await seen(one), await obstacleOf(added), await obstacleOf(looks)]).toEqual([
      ['rights', true],
      ['rights'],
      [null],
    ])
    await told(one, 409)
    await addMember(org, by.id, group, 'viewer')
    expect([await seen(one), await obstacleOf(added)]).toEqual([[null, false], [null]])
    await told(one, 200)
    expect((await accept(one.token)).status).toBe(201)
  })

  test('who invited to the organization, and may only invite to groups by now', async () => {
    const by = await personWith(org, INVITES, { groups: [await makeGroup(org)] })
    const { token } = await invitedBy(by)
    await takeRoles(by)
    await assign(org, by.id, await makeRole(org, { permissions: OF_GROUP }))
    expect((await accept(token)).status).toBe(409)
    await assign(org, by.id, await makeRole(org, { permissions: INVITES }))
    expect((await accept(token)).status).toBe(201)
  })

  test('also a service account; a key gives no more than what it has', async () => {
    const key = await withKey(chief, ['invitation:create:all', 'user:read:own'])
    const post = (role_ids: string[]) => as(key).post(api(paths.invitations), { email: newEmail(), role_ids })
    await denied(key, 'role:assign', () => post([roleOf(org, 'admin')]))
    expect((await post([await makeRole(org, { permissions: ['user:read:own'] })])).status).toBe(201)
    const service = await serviceWith({ org }, [await makeRole(org, { permissions: INVITES })])
    const program = await withKey({ ...chief, ...service }, INVITES)
    const [first, second] = [await invitedBy(program), await invitedBy(program)]
    expect((await accept(first.token)).status).toBe(201)
    await change('users', service.id, { status: 'disabled' })
    expect((await accept(second.token)).status).toBe(409)
  })

  test('who entered from the platform, and may no longer', async () => {
    const platform = await platformOrganization()
    const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
    const place = await makeOrganization()
    const enter = await as(superadmin).post(api(paths.enterOrganization(place.id)), {
      reason: 'A new customer',
    })
    expect(enter.status, enter.text).toBeLessThan(300)
    const first = await invitedBy(superadmin, { role_ids: [roleOf(place, 'owner')] })
    const second = await invitedBy(superadmin, { role_ids: [roleOf(place, 'owner')] })
    expect((await accept(first.token)).status).toBe(201)
    expect(await userAt(place, first.email)).toMatchObject({ roles: [{ role_id: roleOf(place, 'owner') }] })
    await takeRoles(superadmin)
    expect((await accept(second.token)).status).toBe(409)
  })
})
