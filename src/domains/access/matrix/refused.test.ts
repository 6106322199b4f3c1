import { beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { change, form, held, read, type Stage, save, stage } from '#tests/access/matrix.ts'
import { denied, state } from '#tests/access/trail.ts'
import { browserOf } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, permissionOf, roleOf } from '#tests/factories.ts'
import { personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

let org: Stage['org']
let clerk: Stage['clerk']
let boss: Stage['boss']
beforeEach(async () => {
  ;({ org, clerk, boss } = await stage())
})

describe('a change is refused', () => {
  const nothing = async (attempt: () => ReturnType<typeof save>, status: number) => {
    const before = await state(org)
    const answer = await attempt()
    expect(answer.status, answer.text).toBe(status)
    expect(await state(org)).toEqual(before)
    return answer
  }

  test('to who may not change roles, and to who reads no roles', async () => {
    const reader = await personWith(org, ['role:read:all', 'permission:read:all', 'user:read:own'])
    await denied(reader, 'role:update', () => save(reader, [change(org, clerk, 'user:read:own', false)]))
  })

  test('where it gives or takes what the actor doesn’t have', async () => {
    const held = [
      'role:read:all',
      'permission:read:all',
      'role:update:all',
      'user:read:all',
      'user:read:own',
      'user:read:group',
    ]
    const by = await personWith(org, held)
    // given, and taken
    await denied(by, 'role:assign', () => save(by, [change(org, clerk, 'event:read:own', true)]))
    const strong = await makeRole(org, { permissions: ['event:read:own'] })
    await denied(by, 'role:assign', () => save(by, [change(org, strong, 'event:read:own', false)]))
    // to oneself as well
    const mine = await makeRole(org, { permissions: ['user:read:own'] })
    await owner.insertInto('user_roles').values({ org_id: org.id, user_id: by.id, role_id: mine }).execute()
    await denied(by, 'role:assign', () => save(by, [change(org, mine, 'user:delete:all', true)]))
    // one among several refuses all
    const both = [change(org, clerk, 'user:read:all', true), change(org, clerk, 'event:read:own', true)]
    await denied(by, 'role:assign', () => save(by, both))
    expect((await save(by, both.slice(0, 1))).status).toBe(200)
    expect((await save(by, [change(org, clerk, 'user:read:all', false)])).status).toBe(200)
  })

  test('of roles that always have everything', async () => {
    const fixed = await nothing(
      () => save(boss, [change(org, roleOf(org, 'owner'), 'event:read:own', false)]),
      409,
    )
    expect(fixed.json().errors?.[0]?.path).toBe('changes.0.role_id')
    expect((await save(boss, [change(org, roleOf(org, 'admin'), 'event:read:own', true)])).status).toBe(200)
  })

  test('of what is no role or permission here', async () => {
    const other = await makeOrganization()
    const foreign = await makeRole(other)
    const role = change(org, clerk, 'event:read:own', true)
    for (const [wrong, path] of [
      [{ ...role, role_id: foreign }, 'changes.1.role_id'],
      [{ ...role, role_id: boss.id }, 'changes.1.role_id'],
      [{ ...role, permission_id: permissionOf(other, 'event:read:own') }, 'changes.1.permission_id'],
    ] as const) {
      const answer = await nothing(() => save(boss, [role, wrong]), 422)
      expect(answer.json().errors?.[0]?.path).toBe(path)
    }
    const gone = await makeRole(org)
    await owner
      .updateTable('roles')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', gone)
      .execute()
    await nothing(() => save(boss, [change(org, gone, 'event:read:own', true)]), 422)
  })

  test('that would leave nobody who administers roles for good', async () => {
    const lone = await makeOrganization()
    const role = await makeRole(lone, {
      permissions: ['role:update:all', 'role:read:all', 'permission:read:all'],
    })
    const last = await makeUser(lone, { roles: [role] })
    const attempt = { role_id: role, permission_id: permissionOf(lone, 'role:update:all'), held: false }
    for (const dry_run of [true, false]) {
      const answer = await save(last, [attempt], { dry_run })
      expect([answer.status, answer.json().detail]).toEqual([409, expect.stringContaining('manage roles')])
    }
    await makeUser(lone, { roles: [roleOf(lone, 'owner')] })
    expect((await save(last, [attempt])).status).toBe(200)
  })

  test('when somebody changed the role meanwhile: the form comes again as it was ticked', async () => {
    const { version } = (await read(boss, `?roles=${clerk}`)).roles[0] ?? { version: 0 }
    const changes = [change(org, clerk, 'event:read:own', true)]
    expect((await save(boss, [change(org, clerk, 'session:read:own', true)])).status).toBe(200)
    const answer = await nothing(() => save(boss, changes, { versions: { [clerk]: version } }), 412)
    expect(
      answer.json<{ current: { roles: { id: string; version: number }[] } }>().current.roles,
    ).toMatchObject([{ id: clerk, version: version + 1 }])
    const page = await browserOf(boss).post(paths.access.matrix, {
      ...form(changes, [`${clerk}:${version}`]),
      back: `roles=${clerk}`,
    })
    expect(page.status).toBe(412)
    expect(page.text).toMatch(new RegExp(`value="${clerk}:${permissionOf(org, 'event:read:own')}" checked`))
    expect(page.text).toContain(`value="${clerk}:${version + 1}"`)
    expect((await save(boss, changes, { versions: { [clerk]: version + 1 } })).status).toBe(200)
  })
})

test('of fifty saves of one version at once one is kept', async () => {
  const { version } = (await read(boss, `?roles=${clerk}`)).roles[0] ?? { version: 0 }
  const codes = ['event:read:own', 'session:read:own', 'group:read:own', 'user:update:own']
  const attempts = Array.from({ length: 50 }, (_, i) =>
    save(boss, [change(org, clerk, codes[i % 4] as string, true)], {
      versions: { [clerk]: version },
    }),
  )
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 412)).toHaveLength(49)
  expect(await held(clerk)).toHaveLength(2)
})
