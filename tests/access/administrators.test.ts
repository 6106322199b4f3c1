import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { state } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { assign, makeOrganization, makeRole, makeUser, type Organization, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

const remove = (by: Person, of: Person) => as(by).delete(api(paths.user(of.id)))
const disable = (by: Person, of: Person) => as(by).patch(api(paths.user(of.id)), { status: 'disabled' })
const losses = { deleting: remove, disabling: disable }

/** As strong as anybody, but only for an hour: somebody else has to be left. */
async function remover(org: Organization): Promise<Person> {
  const person = await makeUser(org)
  await assign(org, person.id, { id: roleOf(org, 'owner'), expires: '1 hour' })
  return person
}
const administer = (org: Organization) => makeUser(org, { roles: [roleOf(org, 'admin')] })
/** How many can still administer roles for good, by another way than the code: through the function that gives rights. */
async function administrators(org: Organization): Promise<number> {
  const people = await owner
    .selectFrom('users')
    .where('org_id', '=', org.id)
    .where('status', '=', 'active')
    .where('deleted_at', 'is', null)
    .select((eb) =>
      eb.fn<{ permissions: string[]; until: string | null }>('app.rights', ['org_id', 'id']).as('rights'),
    )
    .execute()
  const able = ({ rights }: (typeof people)[number]) =>
    rights.permissions.includes('role:update:all') && rights.until === null
  return people.filter(able).length
}

describe.each(Object.entries(losses))('%s the No one would be left who can manage roles', (_, lose) => {
  test('is a conflict and changes nothing, though the one before could go', async () => {
    const org = await makeOrganization()
    const [by, one, last] = [await remover(org), await administer(org), await administer(org)]
    expect((await lose(by, one)).status).toBeOneOf([200, 204])
    const before = await state(org)
    const answer = await lose(by, last)
    expect(answer.status, answer.text).toBe(409)
    expect(answer.json().detail).toContain('No one would be left who can manage roles')
    const form = {
      _method: lose === remove ? 'DELETE' : 'PATCH',
      ...(lose === remove ? {} : { status: 'disabled' }),
    }
    expect((await browserOf(by).post(paths.user(last.id), form)).status).toBe(409)
    expect(await state(org)).toEqual(before)
    expect((await lose(by, await makeUser(org))).status).toBeOneOf([200, 204])
  })

  test('counts those who do it by inheritance', async () => {
    const org = await makeOrganization()
    const heirs = await makeRole(org, { parents: [await makeRole(org, { parents: [roleOf(org, 'admin')] })] })
    const [by, one, heir] = [
      await remover(org),
      await administer(org),
      await makeUser(org, { roles: [heirs] }),
    ]
    expect((await lose(by, one)).status).toBeOneOf([200, 204])
    expect((await lose(by, heir)).status).toBe(409)
  })

  const sleeping: [string, (org: Organization) => Promise<unknown>][] = [
    ['disabled', (org) => makeUser(org, { roles: [roleOf(org, 'owner')], status: 'disabled' })],
    ['invited', (org) => makeUser(org, { roles: [roleOf(org, 'owner')], status: 'invited' })],
    [
      'deleted',
      async (org) => {
        const { id } = await makeUser(org, { roles: [roleOf(org, 'owner')] })
        await owner
          .updateTable('users')
          .set({ deleted_at: new Date().toISOString() })
          .where('id', '=', id)
          .execute()
      },
    ],
    [
      'of a run out assignment',
      async (org) => assign(org, (await makeUser(org)).id, { id: roleOf(org, 'owner'), expires: '-1 s' }),
    ],
    [
      'of a disabled role',
      async (org) =>
        makeUser(org, {
          roles: [await makeRole(org, { permissions: ['role:update:all'], status: 'disabled' })],
        }),
    ],
    [
      'beneath a disabled role',
      async (org) => {
        const parents = [await makeRole(org, { parents: [roleOf(org, 'admin')], status: 'disabled' })]
        return makeUser(org, { roles: [await makeRole(org, { parents })] })
      },
    ],
  ]
  test.each(sleeping)('does not count somebody %s', async (_, add) => {
    const org = await makeOrganization()
    const [by, last] = [await remover(org), await administer(org)]
    await add(org)
    expect(await administrators(org)).toBe(1)
    expect((await lose(by, last)).status).toBe(409)
  })
})

test('nobody deletes or disables themselves', async () => {
  const org = await makeOrganization()
  const [by] = [await administer(org), await administer(org)]
  const before = await state(org)
  for (const lose of Object.values(losses)) expect((await lose(by, by)).status).toBe(409)
  expect(await state(org)).toEqual(before)
})

describe('two at once', () => {
  const ways: [string, (a: Person, b: Person, by: Person) => [Promise<Answer>, Promise<Answer>]][] = [
    ['by a third', (a, b, by) => [remove(by, a), remove(by, b)]],
    ['by each other', (a, b) => [remove(a, b), remove(b, a)]],
    ['one deleted, one disabled', (a, b, by) => [remove(by, a), disable(by, b)]],
    ['disabled by each other', (a, b) => [disable(a, b), disable(b, a)]],
  ]
  test.each(ways)('leave one of the last two administrators (%s)', async (_, attempt) => {
    for (let round = 0; round < 5; round++) {
      const org = await makeOrganization()
      const [a, b, by] = [await administer(org), await administer(org), await remover(org)]
      const answers = await Promise.all(attempt(a, b, by))
      const statuses = answers.map(({ status }) => status)
      expect(
        statuses.filter((status) => status < 300),
        statuses.join(),
      ).toHaveLength(1)
      // the other one came too late, or was gone itself by then
      expect(statuses.find((status) => status >= 300)).toBeOneOf([409, 401])
      expect(await administrators(org)).toBe(1)
    }
  })

  test('or twenty', async () => {
    const org = await makeOrganization()
    const by = await remover(org)
    const many = await Promise.all(Array.from({ length: 20 }, () => administer(org)))
    const answers = await Promise.all(many.map((one) => remove(by, one)))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(19)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(1)
    expect(await administrators(org)).toBe(1)
  })
})
