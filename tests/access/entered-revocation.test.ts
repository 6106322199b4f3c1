import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { arrives, entered, makeSuperadmin, placeOf } from '#tests/access/entering.ts'
import { bites, cached } from '#tests/access/processes.ts'
import { as } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  platformOrganization,
  roleOf,
} from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`

let org: Organization
let platform: Organization
let other: Process
beforeAll(async () => {
  org = await makeOrganization()
  platform = await platformOrganization()
  other = await here.anotherProcess()
})
afterAll(() => other[Symbol.asyncDispose]())

const asks = (person: Person) => async (process: Process) =>
  (await as(person, process.app).get(api(paths.users))).status

/** Somebody who may enter by a role of their own, and did. */
async function visitor(): Promise<Person> {
  const role = await makeRole(platform, { permissions: ['organization:enter:all'] })
  const person = await makeUser(platform, { roles: [role] })
  await entered(person, org)
  return person
}

/** Both processes know where somebody is, and remember it. */
async function known(person: Person): Promise<void> {
  for (const process of [here, other]) {
    await arrives(person, org.id, process)
    await cached(process, person)
  }
}

describe('what somebody loses at home ends their visit on every process within a second', () => {
  const rolesOf = ({ id }: Person) =>
    owner.selectFrom('user_roles').where('user_id', '=', id).select('role_id')
  const losses: [string, (person: Person) => Promise<unknown>][] = [
    ['the role', (person) => owner.deleteFrom('user_roles').where('user_id', '=', person.id).execute()],
    [
      'the role, disabled',
      (person) =>
        owner.updateTable('roles').set({ status: 'disabled' }).where('id', 'in', rolesOf(person)).execute(),
    ],
    [
      'the permission of the role',
      (person) => owner.deleteFrom('role_permissions').where('role_id', 'in', rolesOf(person)).execute(),
    ],
    [
      'the user, disabled',
      ({ id }) => owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute(),
    ],
    [
      'the user, deleted',
      ({ id }) =>
        owner
          .updateTable('users')
          .set({ deleted_at: new Date().toISOString() })
          .where('id', '=', id)
          .execute(),
    ],
    [
      'the account',
      ({ accountId }) =>
        owner.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', accountId).execute(),
    ],
  ]
  test.each(losses)('%s', async (_, lose) => {
    const [person, bystander] = [await visitor(), await visitor()]
    for (const one of [bystander, person]) await known(one)
    await lose(person)
    await Promise.all([here, other].map((process) => bites(process, asks(person), 401)))
    expect(await asks(bystander)(other)).toBe(200)
  })

  test('the permission, switched off for everybody', async () => {
    const person = await visitor()
    await known(person)
    const turn = (status: string) =>
      owner
        .updateTable('permissions')
        .set({ status })
        .where('id', '=', permissionOf(platform, 'organization:enter:all'))
        .execute()
    await turn('disabled')
    await bites(other, asks(person), 401)
    await turn('active')
    await arrives(person, org.id, other)
  })

  test('an assignment that comes to its end', async () => {
    const person = await makeUser(platform)
    await assign(platform, person.id, {
      id: await makeRole(platform, { permissions: ['organization:enter:all'] }),
      expires: '2 seconds',
    })
    await entered(person, org)
    await cached(other, person)
    await sleep(2000)
    await bites(other, asks(person), 401)
  })

  test('by the application itself, and for good: who is enabled again is not back inside', async () => {
    const [person, boss] = [
      await visitor(),
      await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] }),
    ]
    await known(person)
    const turn = (status: string) => as(boss).patch(api(paths.user(person.id)), { status })
    expect((await turn('disabled')).status).toBe(200)
    await bites(other, asks(person), 401)
    expect((await turn('active')).status).toBe(200)
    expect(await placeOf(person)).toBe(401)
    expect(await placeOf(person, other)).toBe(401)
  })
})

test('leaving reaches the other process as well', async () => {
  const person = await visitor()
  await known(person)
  expect((await as(person).post(api(paths.leaveOrganization))).status).toBe(204)
  await arrives(person, platform.id, other)
})

test('whoever leads a group leads those beneath it, and no deleted ones', async () => {
  const top = await makeGroup(org)
  const middle = await makeGroup(org, { parent: top })
  const leaf = await makeGroup(org, { parent: middle })
  const beside = await makeGroup(org)
  const gone = await makeGroup(org, { parent: top })
  const below = await makeGroup(org, { parent: gone })
  await owner
    .updateTable('groups')
    .set({ deleted_at: new Date().toISOString() })
    .where('id', '=', gone)
    .execute()
  const person = await makeUser(org, {
    groups: [
      { id: middle, role: 'member' },
      { id: top, role: 'lead' },
      { id: beside, role: 'viewer' },
    ],
  })
  const rights = (await here.rights.identify(person.token))?.rights
  expect([...(rights?.leadGroups ?? [])].sort()).toEqual([top, middle, leaf].sort())
  expect([...(rights?.readGroups ?? [])].sort()).toEqual([top, middle, leaf, beside].sort())
  expect(rights?.readGroups).not.toContain(below)
  const member = await makeUser(org, { groups: [top] })
  expect((await here.rights.identify(member.token))?.rights.leadGroups).toEqual([])
  const superadmin = await makeSuperadmin()
  expect((await here.rights.identify(superadmin.token))?.home).toBeNull()
})
