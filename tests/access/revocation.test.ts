import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { bites, cached, reads, readsSelf } from '#tests/access/processes.ts'
import { as } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  sessionOf,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`

let org: Organization
let other: Process
beforeAll(async () => {
  org = await makeOrganization()
  other = await here.anotherProcess()
})
afterAll(() => other[Symbol.asyncDispose]())

describe('what is taken away bites on another process within a second', () => {
  const self = () => personWith(org, ['user:read:own'])
  const set = (
    table: 'users' | 'roles' | 'permissions' | 'groups' | 'accounts',
    id: string,
    change: object,
  ) => owner.updateTable(table).set(change).where('id', '=', id).execute()
  const rolesOf = (person: Person) =>
    owner.selectFrom('user_roles').where('user_id', '=', person.id).select('role_id')
  const now = () => new Date().toISOString()

  const losses: [string, number, (person: Person) => Promise<unknown>][] = [
    ['a role', 403, (person) => owner.deleteFrom('user_roles').where('user_id', '=', person.id).execute()],
    [
      'a role that is disabled',
      403,
      (person) =>
        owner.updateTable('roles').set({ status: 'disabled' }).where('id', 'in', rolesOf(person)).execute(),
    ],
    [
      'a permission of the role',
      403,
      (person) => owner.deleteFrom('role_permissions').where('role_id', 'in', rolesOf(person)).execute(),
    ],
    [
      'an assignment that is shortened',
      403,
      (person) =>
        owner.updateTable('user_roles').set({ expires_at: now() }).where('user_id', '=', person.id).execute(),
    ],
    ['the user, disabled', 401, ({ id }) => set('users', id, { status: 'disabled' })],
    ['the user, deleted', 401, ({ id }) => set('users', id, { deleted_at: now() })],
    ['the account, disabled', 401, ({ accountId }) => set('accounts', accountId, { status: 'disabled' })],
    [
      'the session, ended',
      401,
      async ({ token }) =>
        owner
          .updateTable('sessions')
          .set({ revoked_at: now() })
          .where('id', '=', await sessionOf(token))
          .execute(),
    ],
    [
      'the session, deleted',
      401,
      async ({ token }) =>
        owner
          .deleteFrom('sessions')
          .where('id', '=', await sessionOf(token))
          .execute(),
    ],
  ]
  test.each(losses)('%s', async (_, refused, lose) => {
    const [person, bystander] = [await self(), await self()]
    for (const process of [here, other]) {
      await cached(process, person)
      expect(await readsSelf(person)(process)).toBe(200)
    }
    await lose(person)
    await Promise.all([here, other].map((process) => bites(process, readsSelf(person), refused)))
    expect(await readsSelf(bystander)(other)).toBe(200)
  })

  test('a permission that is switched off for everybody', async () => {
    const place = await makeOrganization()
    const people = await Promise.all([1, 2, 3].map(() => personWith(place, ['user:read:own'])))
    for (const person of people) await cached(other, person)
    await set('permissions', permissionOf(place, 'user:read:own'), { status: 'disabled' })
    for (const person of people) await bites(other, readsSelf(person), 403)
    await set('permissions', permissionOf(place, 'user:read:own'), { status: 'active' })
    for (const person of people)
      await expect.poll(() => readsSelf(person)(other), { timeout: 1000 }).toBe(200)
  })

  test('an organization that is suspended', async () => {
    const person = await personWith(await makeOrganization(), ['user:read:own'])
    await cached(other, person)
    await owner
      .updateTable('organizations')
      .set({ status: 'suspended' })
      .where('id', '=', person.org.id)
      .execute()
    await bites(other, readsSelf(person), 401)
  })

  test('inheritance, and membership of a group, also one further up', async () => {
    const root = await makeGroup(org)
    const leaf = await makeGroup(org, { parent: root })
    const target = await makeUser(org, { groups: [leaf] })
    const parent = await makeRole(org, { permissions: ['user:read:group'] })
    const heirs = await makeRole(org, { parents: [parent] })
    const [heir, moved, member] = await Promise.all(
      [root, leaf, root].map((group) => makeUser(org, { roles: [heirs], groups: [group] })),
    )
    if (!heir || !moved || !member) throw new Error('unreachable')
    for (const person of [heir, moved, member]) {
      await cached(other, person)
      expect(await reads(person, target.id)(other)).toBe(200)
    }
    await owner.deleteFrom('group_members').where('user_id', '=', member.id).execute()
    await bites(other, reads(member, target.id), 404)
    await set('groups', leaf, { parent_id: null })
    await bites(other, reads(heir, target.id), 404)
    expect(await reads(moved, target.id)(other)).toBe(200)
    await owner.deleteFrom('role_parents').where('role_id', '=', heirs).execute()
    await bites(other, reads(moved, target.id), 403)
  })

  test('by the application itself, on the process that did it and on the other', async () => {
    const [person, boss] = [await self(), await personWith(org, ['user:read:all', 'user:update:all'])]
    for (const process of [here, other]) await cached(process, person)
    const answer = await as(boss, here.app).patch(api(paths.user(person.id)), { status: 'disabled' })
    expect(answer.status).toBe(200)
    await Promise.all([here, other].map((process) => bites(process, readsSelf(person), 401)))
  })
})

describe('what comes to its end by itself', () => {
  test('an assignment', async () => {
    const person = await makeUser(org)
    await assign(org, person.id, {
      id: await makeRole(org, { permissions: ['user:read:own'] }),
      expires: '1.5 seconds',
    })
    expect(await readsSelf(person)(other)).toBe(200)
    await cached(other, person)
    await sleep(1500)
    await bites(other, readsSelf(person), 403)
  })

  test('a session, at its end or for want of requests', async () => {
    const [ending, idle] = [
      await personWith(org, ['user:read:own']),
      await personWith(org, ['user:read:own']),
    ]
    const change = async (person: Person, set: object) =>
      owner
        .updateTable('sessions')
        .set(set)
        .where('id', '=', await sessionOf(person.token))
        .execute()
    await change(ending, { expires_at: sql`now() + interval '1.2 seconds'` })
    await change(idle, { idle_timeout: sql`now() - last_seen_at + interval '1.2 seconds'` })
    for (const person of [ending, idle]) expect(await readsSelf(person)(other)).toBe(200)
    await sleep(1200)
    for (const person of [ending, idle]) await bites(other, readsSelf(person), 401)
  })
})
