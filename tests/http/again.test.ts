import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  addMember,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  permissionOf,
  platformOrganization,
  roleOf,
} from '#tests/factories.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner: past } = await testDatabase()
const { org, owner, admin } = await makePeople()
const platform = await platformOrganization()
const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })

const api = (path: string) => `/api/v1${path}`
const [program, browser] = [as(owner), browserOf(owner)]
const bulk = (path: string, body: object, by = owner) => as(by).post(api(`${path}/bulk`), body)
const noticeOf = ({ headers }: Answer) => decodeURIComponent(headers.get('set-cookie') ?? '')
type Outcomes = { done: number; unchanged: number; refused: number }

const role = await makeRole(org, { permissions: ['user:read:own'] })
const group = await makeGroup(org)
const someone = () => makeUser(org)

/** The rows of an organization that were written since; a session is when it is used. */
async function written(orgId: string, work: () => Promise<unknown>) {
  const before = new Set(await rowsOf(orgId, ['sessions']))
  await work()
  return (await rowsOf(orgId, ['sessions'])).filter((row) => !before.has(row))
}

/** What can be done twice: something to do it to, and the same request each time. */
const acts: Record<string, () => Promise<{ act: () => Promise<Answer>; says?: string }>> = {
  'giving a role': async () => {
    const { id } = await someone()
    return { act: () => program.post(api(paths.userRole(id, role))) }
  },
  'giving a role on a page': async () => {
    const { id } = await someone()
    const form = { role_id: role, expires_at: '', reason: '' }
    return { act: () => browser.post(paths.userRoles(id), form), says: 'already have this role' }
  },
  'giving a role until some day': async () => {
    const { id } = await someone()
    const body = { expires_at: '2099-01-01T01:00:00+01:00', reason: 'cover' }
    return { act: () => program.post(api(paths.userRole(id, role)), body) }
  },
  'adding a member': async () => {
    const { username } = await someone()
    return { act: () => program.post(api(paths.groupMembers(paths.groups, group)), { user: username }) }
  },
  'adding a member on a page': async () => {
    const { username } = await someone()
    const form = { user: username, role: 'viewer' }
    const path = paths.groupMembers(paths.groups, group)
    return { act: () => browser.post(path, form), says: 'already in this group' }
  },
  'a member’s role': async () => {
    const { id } = await someone()
    await addMember(org, id, group)
    const path = paths.groupMember(paths.groups, group, id)
    return { act: () => browser.put(path, { role: 'lead' }), says: 'Nothing changed' }
  },
  'adding a permission to a role': async () => {
    const id = await makeRole(org)
    const path = paths.rolePermission(id, permissionOf(org, 'user:read:own'))
    return { act: () => browser.post(path), says: 'Nothing changed' }
  },
  'adding a role to inherit from': async () => {
    const id = await makeRole(org)
    return { act: () => program.post(api(paths.roleParent(id, role))) }
  },
  'revoking a key': async () => {
    const { key } = await withKey(owner, ['user:read:own'])
    return { act: () => browser.delete(paths.apiKey(key)), says: 'already revoked' }
  },
  'revoking an invitation': async () => {
    const { id } = await invite(owner)
    return { act: () => browser.post(paths.revokeInvitation(id)), says: 'already revoked' }
  },
  'unlocking somebody': async () => {
    const { id, accountId } = await someone()
    await past.updateTable('accounts').set({ failed_logins: 9 }).where('id', '=', accountId).execute()
    return { act: () => browser.post(paths.unlockUser(id)), says: 'weren’t locked' }
  },
  ...Object.fromEntries(
    (
      [
        ['users', async () => (await someone()).id],
        ['groups', () => makeGroup(org)],
        ['departments', () => makeGroup(org)],
        ['roles', () => makeRole(org)],
        ['invitations', async () => (await invite(owner)).id],
      ] as const
    ).map(([path, make]) => [
      `restoring one of the ${path}`,
      async () => {
        const id = await make()
        await program.delete(api(`/${path}/${id}`))
        return { act: () => browser.post(`/${path}/${id}/restore`), says: 'isn’t deleted' }
      },
    ]),
  ),
}

describe.each(Object.entries(acts))('%s again', (_, prepare) => {
  test('changes nothing, and says so', async () => {
    const { act, says } = await prepare()
    const first = await act()
    expect(first.status, first.text).toBeOneOf([200, 201, 204, 303])
    expect(
      await written(org.id, async () => {
        const again = await act()
        expect(again.status, again.text).toBeOneOf([200, 204, 303])
        if (says) {
          expect(noticeOf(first)).not.toContain(says)
          expect(noticeOf(again)).toContain(says)
        } else if (again.json<{ version?: number }>().version) expect(again.json()).toEqual(first.json())
      }),
    ).toEqual([])
  })
})

/** What is done to many, each to one that is so already and one that isn't. */
const many: [
  path: string,
  action: string,
  says: string,
  make: (so: boolean) => Promise<string>,
  more?: object,
][] = [
  [
    '/users',
    'disable',
    'already disabled',
    async (so) => (await makeUser(org, { status: so ? 'disabled' : 'active' })).id,
  ],
  [
    '/users',
    'activate',
    'already enabled',
    async (so) => (await makeUser(org, { status: so ? 'active' : 'disabled' })).id,
  ],
  [
    '/users',
    'add_role',
    'already had it',
    async (so) => (await makeUser(org, { roles: so ? [role] : [] })).id,
    { role_id: role },
  ],
  [
    '/users',
    'remove_role',
    'didn’t have it',
    async (so) => (await makeUser(org, { roles: so ? [] : [role] })).id,
    { role_id: role },
  ],
  ['/roles', 'disable', 'already disabled', (so) => makeRole(org, { status: so ? 'disabled' : 'active' })],
  ['/roles', 'activate', 'already enabled', (so) => makeRole(org, { status: so ? 'active' : 'disabled' })],
  ['/permissions', 'disable', 'already disabled', (so) => permission(so ? 'disabled' : 'active')],
  ['/permissions', 'activate', 'already enabled', (so) => permission(so ? 'active' : 'disabled')],
  [
    '/api-keys',
    'revoke',
    'already revoked',
    async (so) => {
      const { key } = await withKey(owner, ['user:read:own'])
      if (so) await program.delete(api(paths.apiKey(key)))
      return key
    },
  ],
  [
    '/invitations',
    'revoke',
    'already revoked',
    async (so) => {
      const { id } = await invite(owner)
      if (so) await program.post(api(paths.revokeInvitation(id)))
      return id
    },
  ],
]
let permissions = 0
async function permission(status: string) {
  const body = { model: `report_${++permissions}`, action: 'export', scope: 'all', status }
  return (await program.post(api('/permissions'), body)).json<{ id: string }>().id
}

/** By which transaction each row was written. */
const versions = async (path: string, ids: string[]) =>
  (
    await sql`select xmin from ${sql.table(path.slice(1).replace('-', '_'))} where id = any(${ids})`.execute(
      past,
    )
  ).rows

describe.each(many)('%s: %s', (path, action, says, make, more) => {
  test('counts those that were so already, and leaves them as they are', async () => {
    const [so, other, also] = [await make(true), await make(false), await make(true)]
    const was = await versions(path, [so, also])
    const answer = await bulk(path, { action, ids: [so, other, also], ...more })
    expect(answer.json<Outcomes>()).toMatchObject({ done: 1, unchanged: 2, refused: 0 })
    expect(await versions(path, [so, also])).toEqual(was)
    const one = await make(false)
    const page = await browser.post(`${path}/bulk`, { action, ids: [so, one, also], ...more })
    expect([page.status, noticeOf(page)]).toEqual([303, expect.stringContaining(`, 2 ${says}`)])
    expect(
      await written(org.id, () => browser.post(`${path}/bulk`, { action, ids: [so, one], ...more })),
    ).toEqual([])
  })
})

test('suspending a suspended organization changes nothing, and is counted', async () => {
  const [one, other] = [await makeOrganization(), await makeOrganization()]
  const ids = [one.id, other.id]
  expect(
    (await bulk('/organizations', { action: 'suspend', ids: [one.id] }, superadmin)).json(),
  ).toMatchObject({ done: 1 })
  expect(
    await written(one.id, async () => {
      const both = await bulk('/organizations', { action: 'suspend', ids }, superadmin)
      expect(both.json<Outcomes>()).toMatchObject({ done: 1, unchanged: 1, refused: 0 })
    }),
  ).toEqual([])
})

describe('a role that somebody has until some day, for a reason, from somebody else', async () => {
  const END = '2099-01-01T00:00:00Z'
  const held = async () => {
    const { id } = await someone()
    await as(admin).post(api(paths.userRole(id, role)), { expires_at: END, reason: 'cover' })
    return id
  }
  const stored = (id: string) =>
    past
      .selectFrom('user_roles')
      .where('user_id', '=', id)
      .where('role_id', '=', role)
      .select(['expires_at', 'reason', 'granted_by'])
      .executeTakeFirstOrThrow()
  const AS_IT_WAS = { expires_at: END, reason: 'cover', granted_by: admin.id }

  test.each<[string, (id: string) => Promise<Answer>]>([
    ['many', (id) => bulk('/users', { action: 'add_role', ids: [id], role_id: role })],
    [
      'a page without an end',
      (id) => browser.post(paths.userRoles(id), { role_id: role, expires_at: '', reason: '' }),
    ],
    ['a program without a body', (id) => program.post(api(paths.userRole(id, role)))],
    ['a program without an end', (id) => program.post(api(paths.userRoles(id)), { role_id: role })],
  ])('stays so when it is given again by %s', async (_, give) => {
    const id = await held()
    const answer = await give(id)
    expect(answer.status, answer.text).toBeOneOf([200, 303])
    expect(await stored(id)).toEqual(AS_IT_WAS)
  })

  test('changes in what is said, and in nothing else', async () => {
    const id = await held()
    await program.post(api(paths.userRole(id, role)), { reason: 'leave' })
    expect(await stored(id)).toEqual({ expires_at: END, reason: 'leave', granted_by: owner.id })
    await browser.post(paths.userRoles(id), { role_id: role, expires_at: '2098-01-01T00:00', reason: '' })
    expect(await stored(id)).toEqual({
      expires_at: '2098-01-01T00:00:00Z',
      reason: 'leave',
      granted_by: owner.id,
    })
    await program.post(api(paths.userRole(id, role)), { expires_at: null })
    expect(await stored(id)).toEqual({ expires_at: null, reason: 'leave', granted_by: owner.id })
  })

  test('is given anew, for good, once its day is over', async () => {
    const { id } = await someone()
    await sql`insert into user_roles (org_id, user_id, role_id, expires_at, reason)
      values (${org.id}, ${id}, ${role}, now() - interval '1 minute', 'over')`.execute(past)
    const answer = await bulk('/users', { action: 'add_role', ids: [id], role_id: role })
    expect(answer.json<Outcomes>()).toMatchObject({ done: 1, unchanged: 0 })
    expect(await stored(id)).toEqual({ expires_at: null, reason: '', granted_by: owner.id })
  })
})
