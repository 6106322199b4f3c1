import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { gone, set, stage, why } from '#tests/access/explaining.ts'
import { as } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  permissionOf,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const { org, boss, target, north, sales, reader, names, person } = await stage()
const api = (path: string) => `/api/v1${path}`

describe('no, because', () => {
  test('a permission is missing, with the roles that would give it', async () => {
    const found = await why(boss, { user: person.id, permission: 'user:update', record: target.id })
    expect(found).toEqual({
      allowed: false,
      because: [],
      missing: {
        permissions: ['user:update:group', 'user:update:all'],
        roles: ['owner', 'admin'],
      },
    })
    const editor = await makeRole(org, { name: unique('editor'), permissions: ['user:update:group'] })
    const heir = await makeRole(org, { name: unique('heir'), parents: [editor] })
    await makeRole(org, { permissions: ['user:update:group'], status: 'disabled' })
    const { missing } = await why(boss, { user: person.id, permission: 'user:update', record: target.id })
    const added = await owner
      .selectFrom('roles')
      .where('id', 'in', [editor, heir])
      .select('name')
      .orderBy('name')
      .execute()
    expect(missing?.roles).toEqual([...added.map(({ name }) => name), 'owner', 'admin'])
    for (const role of [editor, heir]) await set('roles', role, gone())
  })

  test('nothing narrower reaches a record that is nobody’s', async () => {
    const apart = await makeUser(org)
    const { missing } = await why(boss, { user: person.id, permission: 'user:update', record: apart.id })
    expect(missing).toEqual({ permissions: ['user:update:all'], roles: ['admin', 'owner'] })
    const none = await why(boss, { user: person.id, permission: 'session:delete' })
    expect(none.missing?.permissions).toEqual(['session:delete:own', 'session:delete:all'])
  })

  const asleep = async (of: Person, permission = 'user:read', record = target.id) => {
    const found = await why(boss, { user: of.id, permission, record })
    expect(found).toMatchObject({ allowed: false, because: [] })
    return found.asleep
  }

  test('a role is disabled or deleted, also one above', async () => {
    const above = await makeRole(org, {
      name: unique('above'),
      permissions: ['user:read:all'],
      status: 'disabled',
    })
    const through = await makeUser(org, { roles: [await makeRole(org, { parents: [above] })] })
    const { name } = await owner
      .selectFrom('roles')
      .where('id', '=', above)
      .select('name')
      .executeTakeFirstOrThrow()
    expect(await asleep(through)).toEqual([`The role “${name}” is disabled.`])
    await set('roles', above, { status: 'active', ...gone() })
    expect(await asleep(through)).toEqual([`The role “${name}” is deleted.`])
    await set('roles', above, { deleted_at: null })
    expect((await why(boss, { user: through.id, permission: 'user:read', record: target.id })).allowed).toBe(
      true,
    )
  })

  test('an assignment is over', async () => {
    const late = await makeUser(org)
    await assign(org, late.id, { id: roleOf(org, 'admin'), expires: '-1 second' })
    expect(await asleep(late)).toEqual(['The role “admin” is assigned, but the assignment has expired.'])
  })

  test('a permission is disabled', async () => {
    const place = await makeOrganization()
    const chief = await makeUser(place, { roles: [roleOf(place, 'owner')] })
    const holder = await personWith(place, ['event:read:own'])
    const off = (status: string) =>
      owner
        .updateTable('permissions')
        .set({ status })
        .where('org_id', '=', place.id)
        .where('id', '=', permissionOf(place, 'event:read:own'))
        .execute()
    await off('disabled')
    expect(await why(chief, { user: holder.id, permission: 'event:read' })).toMatchObject({
      allowed: false,
      missing: { permissions: ['event:read:own', 'event:read:all'], roles: ['admin', 'owner'] },
      asleep: ['The permission event:read:own is disabled.'],
    })
    await off('active')
    expect((await why(chief, { user: holder.id, permission: 'event:read' })).allowed).toBe(true)
  })

  test('a group on the way is deleted', async () => {
    const [top, name] = [await makeGroup(org), unique('Middle')]
    const middle = await makeGroup(org, { name, parent: top })
    const bottom = await makeGroup(org, { parent: middle })
    const above = await makeUser(org, { roles: [reader], groups: [top] })
    const below = await makeUser(org, { groups: [bottom] })
    const reaches = async () =>
      (await why(boss, { user: above.id, permission: 'user:read', record: below.id })).allowed
    expect(await reaches()).toBe(true)
    await set('groups', middle, gone())
    expect(await asleep(above, 'user:read', below.id)).toEqual([`The group “${name}” is deleted.`])
  })

  test('a viewer of a group only reads', async () => {
    const role = await makeRole(org, { permissions: ['user:read:group', 'user:update:group'] })
    const viewer = await makeUser(org, { roles: [role], groups: [{ id: sales, role: 'viewer' }] })
    const both = await Promise.all(
      ['user:read', 'user:update'].map((permission) =>
        why(boss, { user: viewer.id, permission, record: target.id }),
      ),
    )
    expect(both.map(({ allowed }) => allowed)).toEqual([true, false])
    expect(both[1]?.asleep).toEqual([
      `The group “${names.sales}” has them as a viewer, which only allows viewing.`,
    ])
    await addMember(org, viewer.id, north)
    expect(
      (await why(boss, { user: viewer.id, permission: 'user:update', record: target.id })).because,
    ).toMatchObject([{ matched: { group_path: [names.north] } }])
  })

  test.each([
    ['disabled', { status: 'disabled' }, 'is disabled'],
    ['invited', { status: 'invited' }, 'was invited and has not signed in yet'],
    ['deleted', { deleted_at: '2026-01-01' }, 'is deleted'],
  ])('the person is %s, and nothing else is missing', async (_, change, says) => {
    const strong = await makeUser(org, {
      roles: [roleOf(org, 'admin')],
      first_name: 'Sam',
      last_name: 'Still',
    })
    await set('users', strong.id, change)
    expect(await why(boss, { user: strong.id, permission: 'user:read', record: target.id })).toEqual({
      allowed: false,
      because: [],
      missing: { permissions: [], roles: [] },
      asleep: [`Sam Still ${says}.`],
    })
  })

  test('the account is disabled', async () => {
    const strong = await makeUser(org, { roles: [roleOf(org, 'admin')] })
    const account = (status: string) =>
      owner.updateTable('accounts').set({ status }).where('id', '=', strong.accountId).execute()
    await account('disabled')
    expect((await asleep(strong))?.[0]).toMatch(/has no account to sign in with, or one that is disabled/)
    expect((await as(strong).get(api(paths.me))).status).not.toBe(200)
    await account('active')
    expect((await why(boss, { user: strong.id, permission: 'user:read' })).allowed).toBe(true)
  })
})
