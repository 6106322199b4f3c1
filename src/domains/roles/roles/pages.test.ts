import { beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { placesOf } from '#src/resource/places.ts'
import { api, inherit, roleStage, row } from '#tests/access/roles/stage.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeRole, makeUser, unique } from '#tests/factories.ts'

const { history } = placesOf(paths.roles)
const stage = await roleStage()
const { people, editor, looker, parent } = stage

let target: string
beforeEach(async () => {
  target = await makeRole(people.org, { permissions: ['user:read:own'] })
})

describe('pages and files', () => {
  test('show the role with what belongs to it', async () => {
    const child = await makeRole(people.org, { name: unique('child'), parents: [target] })
    await inherit(stage, target, parent)
    await makeUser(people.org, { roles: [target], last_name: 'Having' })
    const page = await browserOf(editor).get(paths.role(target))
    for (const text of [
      (await row(child)).name,
      (await row(parent)).name,
      'Having',
      'read:own',
      'read:group',
    ])
      expect(page.text).toContain(text)
    const blind = await browserOf(looker).get(paths.role(target))
    expect(blind.text).not.toContain('Having')
    expect(blind.text).not.toContain(paths.editRole(target))
    for (const path of [paths.roles, `${paths.roles}/new`, paths.roleFromTemplate, paths.createMinimalRole])
      expect((await browserOf(people.owner).get(path)).status, path).toBe(200)
  })

  test('history tells of permissions and parents by their names, and whom it touched', async () => {
    await makeUser(people.org, { roles: [target] })
    await as(editor).patch(api(paths.role(target)), {
      permissions: ['session:read:own'],
      parent_ids: [parent],
    })
    const { data } = (await as(editor).get(api(history(target)))).json<{
      data: { action: string; changes: { field: string; from_name?: string; to_name?: string }[] }[]
    }>()
    const told = data.flatMap(({ action, changes }) =>
      changes.map(
        ({ field, from_name, to_name }) => `${action} ${field} ${from_name ?? ''}>${to_name ?? ''}`,
      ),
    )
    expect(told).toContain('role_permission:delete permission_id user:read:own>')
    expect(told).toContain('role_permission:create permission_id >session:read:own')
    expect(told).toContain(`role_parent:create parent_id >${(await row(parent)).name}`)
    const effect = data.find(({ action }) => action === 'role:effect')
    expect(effect?.changes).toContainEqual({ field: 'loses', to: { 'user:read:own': 1 } })
    expect((await browserOf(editor).get(history(target))).text).toContain('user:read:own (1)')
  })

  test('the list is searched, filtered, sorted and exported', async () => {
    const word = unique('findable').replace('-', '')
    const [one, two] = [
      await makeRole(people.org, { name: `${word} one`, permissions: ['user:read:own'] }),
      await makeRole(people.org, { name: `${word} two`, status: 'disabled', parents: [target] }),
    ]
    const ids = async (query: string) =>
      (await as(editor).get(api(`${paths.roles}?q=${word}${query}`)))
        .json<{ data: RoleRecord[] }>()
        .data.map(({ id }) => id)
    expect(await ids('')).toEqual([one, two])
    expect(await ids('&sort=-name')).toEqual([two, one])
    expect(await ids('&status=disabled')).toEqual([two])
    expect(await ids('&builtin=true')).toEqual([])
    const csv = await as(editor).get(api(`${paths.roles}?q=${word}&format=csv`))
    expect(csv.text.split('\r\n')[0]).toContain('parents,permissions')
    expect(csv.text).toContain('user:read:own')
  })
})

test('bulk does each as the single action would', async () => {
  const strong = await makeRole(people.org, { permissions: ['event:read:all'] })
  const other = await makeRole(people.org)
  const bulk = async (action: string) => {
    const answer = await as(editor).post(api(`${paths.roles}/bulk`), {
      action,
      ids: [target, other, strong, people.foreigner.org.roles.get('guest')],
    })
    return answer.json<{ done: number; refused: number }>()
  }
  for (const action of ['disable', 'activate', 'delete', 'restore'])
    expect(await bulk(action), action).toMatchObject(
      action === 'restore' ? { done: 2, unchanged: 1, refused: 1 } : { done: 2, refused: 2 },
    )
  expect([(await row(target)).status, (await row(target)).deleted_at]).toEqual(['active', null])
  expect((await row(strong)).status).toBe('active')
})
