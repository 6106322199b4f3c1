import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import type { UserActor } from '#src/access/actor.ts'
import { type Effect, effectOf } from '#src/access/effect.ts'
import type { Tx } from '#src/db/database.ts'
import { actorOf } from '#tests/access/actors.ts'
import { trail } from '#tests/access/trail.ts'
import {
  assign,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  roleOf,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db } = await testDatabase()

const hold = (tx: Tx, org: Organization, role_id: string, ...codes: string[]) =>
  tx
    .insertInto('role_permissions')
    .values(codes.map((code) => ({ role_id, permission_id: permissionOf(org, code) })))
    .execute()
let org: Organization
let boss: Person
let actor: UserActor
beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')], last_name: 'Aa' })
  actor = await actorOf(boss)
})

const noted = async (role: string) =>
  (await trail(org, { target: role })).filter(({ action }) => action === 'role:effect')

describe('the effect of a change', () => {
  test('names who gains and who loses, and stands in the trail', async () => {
    const role = await makeRole(org, { permissions: ['user:read:own'] })
    const [ann, bob] = [
      await makeUser(org, { roles: [role], first_name: 'Ann', last_name: 'B' }),
      await makeUser(org, { roles: [role], last_name: 'A' }),
    ]
    // has it by another role already, so that nothing changes for them
    await personWith(org, ['session:read:own'], { roles: [role] })
    const { effects } = await db.withActor(actor, (tx) =>
      effectOf(tx, actor, [role], async () => {
        await hold(tx, org, role, 'session:read:own')
        await tx
          .deleteFrom('role_permissions')
          .where('role_id', '=', role)
          .where('permission_id', '=', permissionOf(org, 'user:read:own'))
          .execute()
      }),
    )
    expect(effects).toMatchObject([
      {
        permission: 'session:read:own',
        gains: {
          count: 2,
          users: [
            { id: bob.id, name: 'A' },
            { id: ann.id, name: 'Ann B' },
          ],
        },
        loses: { count: 0, users: [] },
      },
      { permission: 'user:read:own', gains: { count: 0, users: [] }, loses: { count: 3 } },
    ])
    expect(await noted(role)).toMatchObject([
      {
        actor_user_id: boss.id,
        via: 'api',
        request_id: '00000000-0000-7000-8000-0000000000e5',
        target_type: 'role',
        data: { gains: { 'session:read:own': 2 }, loses: { 'user:read:own': 3 } },
      },
    ])
  })

  test('reaches those who inherit, and skips who can do nothing now', async () => {
    const base = await makeRole(org)
    const heir = await makeRole(org, { parents: [base] })
    const asleep = await makeRole(org, { parents: [base], status: 'disabled' })
    await makeUser(org, { roles: [heir] })
    await makeUser(org, { roles: [asleep] })
    await makeUser(org, { roles: [base], status: 'disabled' })
    await assign(org, (await makeUser(org)).id, { id: base, expires: '-1 second' })
    const { effects } = await db.withActor(actor, (tx) =>
      effectOf(tx, actor, [base], () => hold(tx, org, base, 'event:read:own')),
    )
    expect(effects).toMatchObject([
      { permission: 'event:read:own', gains: { count: 1 }, loses: { count: 0 } },
    ])
  })

  test('is nothing, and no line in the trail, where nobody has the role', async () => {
    const role = await makeRole(org)
    const { effects, result } = await db.withActor(actor, (tx) =>
      effectOf(tx, actor, [role], () => hold(tx, org, role, 'event:read:own').then(() => 'written')),
    )
    expect([effects, result]).toEqual([[], 'written'])
    expect(await noted(role)).toEqual([])
  })

  test('counts everybody, and names twenty of those whom the asker may read', async () => {
    const role = await makeRole(org)
    for (let i = 0; i < 23; i++)
      await makeUser(org, { roles: [role], last_name: `N${String(i).padStart(2, '0')}` })
    const asks = async (by: UserActor) =>
      db.withActor(by, async (tx) => {
        const { effects } = await effectOf(tx, by, [role], () => hold(tx, org, role, 'event:read:own'))
        await tx.deleteFrom('role_permissions').where('role_id', '=', role).execute()
        return effects[0]?.gains
      })
    const all = await asks(actor)
    expect(all?.count).toBe(23)
    expect(all?.users.map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, i) => `N${String(i).padStart(2, '0')}`),
    )
    const blind = await asks(await actorOf(await personWith(org, ['role:update:all'])))
    expect(blind).toEqual({ count: 23, users: [] })
    const group = await personWith(org, ['user:read:own'], { roles: [role], last_name: 'Z' })
    expect(await asks(await actorOf(group))).toEqual({ count: 24, users: [{ id: group.id, name: 'Z' }] })
  })

  test('of several roles at once stands with each of them', async () => {
    const [one, two] = [await makeRole(org), await makeRole(org)]
    await makeUser(org, { roles: [one, two] })
    await db.withActor(actor, (tx) =>
      effectOf(tx, actor, [one, two], async () => {
        await hold(tx, org, one, 'event:read:own')
        await hold(tx, org, two, 'event:read:own')
      }),
    )
    const data = { gains: { 'event:read:own': 1 }, loses: {} }
    expect(await noted(one)).toMatchObject([{ data: { ...data, together_with: [two] } }])
    expect(await noted(two)).toMatchObject([{ data: { ...data, together_with: [one] } }])
  })

  test('of several roles is told apart: each has its own people and permissions, and none where it did nothing', async () => {
    const [one, idle] = [await makeRole(org, { permissions: ['user:read:own'] }), await makeRole(org)]
    const [two, moved] = [await makeRole(org), await makeRole(org)]
    const heir = await makeRole(org, { parents: [one] })
    await makeUser(org, { roles: [heir] })
    await makeUser(org, { roles: [one, idle] })
    await makeUser(org, { roles: [two] })
    // has what goes from one role by another
    await makeUser(org, { roles: [one, moved] })
    const { effects } = await db.withActor(actor, (tx) =>
      effectOf(tx, actor, [one, two, moved, idle], async () => {
        await hold(tx, org, one, 'event:read:own')
        await hold(tx, org, two, 'session:read:own')
        await hold(tx, org, moved, 'user:read:own')
        await tx
          .deleteFrom('role_permissions')
          .where('role_id', '=', one)
          .where('permission_id', '=', permissionOf(org, 'user:read:own'))
          .execute()
      }),
    )
    const told = ({ permission, gains, loses }: Effect) => [permission, gains.count, loses.count]
    expect(effects.map(told)).toEqual([
      ['event:read:own', 3, 0],
      ['session:read:own', 1, 0],
      ['user:read:own', 0, 2],
    ])
    expect(await noted(one)).toMatchObject([
      { data: { gains: { 'event:read:own': 3 }, loses: { 'user:read:own': 2 } } },
    ])
    expect(await noted(two)).toMatchObject([{ data: { gains: { 'session:read:own': 1 }, loses: {} } }])
    expect([...(await noted(moved)), ...(await noted(idle))]).toEqual([])
  })
})

describe('what the function for the trail refuses', () => {
  const call = (role: string, gains: string, loses = '{}', together: string[] = []) =>
    db.withActor(actor, (tx) =>
      sql`select app.record_effect(${role}, ${gains}, ${loses}, ${together})`.execute(tx),
    )
  test.each([
    ['words', '{"user:read:all": "x"}'],
    ['what is no permission', '{"user:read": 1}'],
    ['hidden words', '{"<b>hello</b>": 1}'],
    ['no count', '{"user:read:all": 1.5}'],
    ['nobody', '{"user:read:all": 0}'],
    ['less than nobody', '{"user:read:all": -1}'],
    ['an object', '{"user:read:all": {}}'],
    ['a list', '["user:read:all"]'],
    ['a value', '7'],
    [
      'very much',
      JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`m${i}:read:all`, 1]))),
    ],
  ])('%s', async (_, gains) => {
    const role = await makeRole(org)
    await expect(call(role, gains)).rejects.toThrow()
    await expect(call(role, '{}', gains)).rejects.toThrow()
    expect(await noted(role)).toEqual([])
    await call(role, '{"user:read:all": 3}')
    expect(await noted(role)).toHaveLength(1)
  })

  test('a role of another organization, as the one and beside', async () => {
    const foreign = await makeRole(await makeOrganization())
    const role = await makeRole(org)
    await expect(call(foreign, '{"user:read:all": 3}')).rejects.toThrow()
    await expect(call(role, '{}', '{}', [foreign])).rejects.toThrow()
    await call(role, '{}', '{}', [await makeRole(org)])
  })
})
