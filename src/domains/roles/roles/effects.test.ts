import { beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { api, own, permission, read, roleStage } from '#tests/access/roles/stage.ts'
import { type Line, trail } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeRole, makeUser } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'

const stage = await roleStage()
const { people, editor, parent } = stage

let target: string
beforeEach(async () => {
  target = await makeRole(people.org, { permissions: ['user:read:own'] })
})

describe('who gains and who loses', () => {
  let holder: Person
  beforeEach(async () => {
    holder = await makeUser(people.org, { roles: [target], last_name: 'Holder' })
  })
  const losing = { permissions: ['session:read:own'] }
  const named = () => [{ id: holder.id, name: 'Holder' }]
  const effects = () => [
    {
      permission: 'session:read:own',
      gains: { count: 1, users: named() },
      loses: { count: 0, users: [] },
    },
    { permission: 'user:read:own', gains: { count: 0, users: [] }, loses: { count: 1, users: named() } },
  ]
  const inTrail = async () =>
    (await trail(people.org, { target })).filter(({ action }: Line) => action === 'role:effect')

  test('is told before it is done, and stands in the trail when it is', async () => {
    const before = await read(stage, target)
    const answer = await as(editor).patch(api(`${paths.role(target)}?dry_run=true`), losing)
    expect([answer.status, answer.json()]).toEqual([200, { effects: effects() }])
    expect(await read(stage, target)).toEqual(before)
    expect(await inTrail()).toEqual([])
    expect((await as(editor).patch(api(`${paths.role(target)}?dry_run=false`), losing)).status).toBe(200)
    expect(await inTrail()).toMatchObject([
      { data: { gains: { 'session:read:own': 1 }, loses: { 'user:read:own': 1 } } },
    ])
    expect((await as(editor).patch(api(`${paths.role(target)}?dry_run=1`), losing)).status).toBe(400)
  })

  test('is shown by the page, which saves on a second step', async () => {
    const before = await read(stage, target)
    const browser = browserOf(editor)
    const fields = {
      name: before.name,
      description: '',
      status: 'active',
      second_factor_required: 'false',
      parent_ids: '',
      permissions: ['', 'session:read:own'],
      version: String(before.version),
    }
    const shown = await browser.post(paths.editRole(target), fields)
    expect(shown.status).toBe(200)
    for (const text of [
      'Nothing is saved yet',
      'session:read:own',
      'user:read:own',
      'Holder',
      'Save changes',
      'Keep editing',
    ])
      expect(shown.text).toContain(text)
    expect(await read(stage, target)).toEqual(before)
    const back = await browser.post(paths.editRole(target), { ...fields, name: 'Kept', back: 'true' })
    expect(back.text).toContain('value="Kept"')
    expect(await read(stage, target)).toEqual(before)
    const saved = await browser.patch(paths.role(target), fields)
    expect(saved.status).toBe(303)
    expect(own(await read(stage, target))).toEqual(['session:read:own'])
  })

  test('is not asked for what changes nobody’s rights', async () => {
    const answer = await browserOf(editor).post(paths.editRole(target), { description: 'Plain' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.role(target)])
    expect((await read(stage, target)).description).toBe('Plain')
  })

  test.each([
    ['toggle', () => ({}), paths.toggleRole],
    ['permissions', () => ({ record: permission(stage, 'session:read:own') }), null],
    ['parents', () => ({ record: parent, add: 'true' }), null],
  ] as const)('is shown for a step of the role’s page: %s', async (step, more, path) => {
    const before = await read(stage, target)
    const answer = await browserOf(editor).post(paths.editRole(target), { step, ...more() })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.text).toContain('Nothing is saved yet')
    if (path) expect(answer.text).toContain(`action="${path(target)}"`)
    expect(await read(stage, target)).toEqual(before)
  })

  test('a form that is too late shows both versions', async () => {
    const { version, name } = await read(stage, target)
    await as(editor).patch(api(paths.role(target)), { permissions: ['user:read:all'] })
    const fields = { name, permissions: ['', 'session:read:own'], version: String(version) }
    const late = await browserOf(editor).post(paths.editRole(target), fields)
    expect(late.status).toBe(412)
    expect(late.text).toMatch(/session:read:own[\s\S]*user:read:all/)
    const latest = (await read(stage, target)).version
    const chosen = { name, permissions: 'session:read:own', version: String(latest) }
    expect((await browserOf(editor).patch(paths.role(target), chosen)).status).toBe(303)
    expect(own(await read(stage, target))).toEqual(['session:read:own'])
  })
})
