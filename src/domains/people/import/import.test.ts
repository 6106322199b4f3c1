import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importUsers } from '#src/domains/people/import/command-actions.ts'
import { makeGroup, makeOrganization, type Organization, roleOf, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(content: string | Buffer, name = `${unique('people')}.csv`): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

const nothingWrong = { notes: [], error_count: 0, errors: [], ignored_columns: [] }
const usersOf = (org: Organization) =>
  owner.selectFrom('users').where('org_id', '=', org.id).orderBy('username').selectAll().execute()
const eventsOf = (org: Organization) =>
  owner
    .selectFrom('events')
    .where('org_id', '=', org.id)
    .orderBy('created_at')
    .orderBy('id')
    .selectAll()
    .execute()

/** Everything that an import could have written. */
async function everything(org: Organization) {
  const of = (table: 'users' | 'groups' | 'group_members' | 'user_roles' | 'events' | 'search_words') =>
    owner
      .selectFrom(table)
      .where('org_id', '=', org.id)
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
  const tables = ['users', 'groups', 'group_members', 'user_roles', 'events', 'search_words'] as const
  const counts = await Promise.all(tables.map(of))
  const accounts = await owner
    .selectFrom('accounts')
    .where('managed_by_org_id', '=', org.id)
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return [...counts, accounts].map(({ n }) => n)
}

describe('an import', { timeout: 60_000 }, () => {
  it('makes people as POST /users does, with roles and groups, in the trail', async () => {
    const org = await makeOrganization()
    const sales = await makeGroup(org, { name: 'Sales' })
    await makeGroup(org, { name: 'Night', kind: 'team' })
    const [ada, bob] = [unique('ada'), unique('bob')]
    const path = await file(
      `username,email,first_name,last_name,roles,groups
 ${ada.toUpperCase()} ,Ａda.${ada}@Example.com,Ada,"Lovelace, Countess",member;viewer,sales=lead;team:Night=viewer
${bob},${bob}@example.com,Bob,,,\n`,
      'new people.csv',
    )
    const outcome = await importUsers(db, org.id, path)
    expect(outcome).toEqual({ imported: 2, groups: [], ...nothingWrong })

    const users = await usersOf(org)
    expect(users).toMatchObject([
      {
        username: ada,
        email: `ada.${ada}@example.com`,
        first_name: 'Ada',
        last_name: 'Lovelace, Countess',
        status: 'invited',
      },
      { username: bob, email: `${bob}@example.com`, first_name: 'Bob', last_name: '', status: 'invited' },
    ])
    const accounts = await owner
      .selectFrom('accounts')
      .where('managed_by_org_id', '=', org.id)
      .orderBy('username')
      .selectAll()
      .execute()
    expect(accounts).toMatchObject(
      users.map(({ account_id: id, username, email }) => ({ id, username, email, password_hash: null })),
    )
    const roles = await owner.selectFrom('user_roles').where('org_id', '=', org.id).selectAll().execute()
    expect(roles.map(({ role_id }) => role_id).sort()).toEqual(
      [roleOf(org, 'member'), roleOf(org, 'viewer')].sort(),
    )
    expect(roles).toMatchObject([
      { user_id: users[0]?.id, reason: 'import of new people.csv' },
      { user_id: users[0]?.id },
    ])
    const members = await owner
      .selectFrom('group_members')
      .where('org_id', '=', org.id)
      .orderBy('role')
      .selectAll()
      .execute()
    expect(members).toMatchObject([{ group_id: sales, role: 'lead' }, { role: 'viewer' }])

    const events = (await eventsOf(org)).filter(({ via }) => via === 'cli')
    expect(events.map(({ action }) => action).sort()).toEqual([
      'group_member:create',
      'group_member:create',
      'user:create',
      'user:create',
      'user_role:create',
      'user_role:create',
    ])
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(['import of new people.csv']))
    expect(
      events.every(({ actor_user_id, actor_org_id }) => actor_user_id === null && actor_org_id === org.id),
    ).toBe(true)
  })

  it('finds the imported people by search, and nobody of another organization', async () => {
    const [org, other] = [await makeOrganization(), await makeOrganization()]
    const name = unique('anna')
    const path = await file(`username,email,first_name\n${name},${name}@example.com,Søren`)
    expect((await importUsers(db, org.id, path)).imported).toBe(1)
    const words = await owner
      .selectFrom('search_words')
      .where('model', '=', 'user')
      .where('org_id', 'in', [org.id, other.id])
      .selectAll()
      .execute()
    expect(words.length).toBeGreaterThan(1)
    expect(words.every(({ org_id }) => org_id === org.id)).toBe(true)
    expect(await usersOf(other)).toEqual([])
  })

  it('makes departments and teams where told to, each once, and never warehouses or clients', async () => {
    const org = await makeOrganization()
    const names = Array.from({ length: 3 }, () => unique('p'))
    const text = `username,email,groups\n${names.map((name, n) => `${name},${name}@example.com,${['Post;team:Tour', 'post;Tour', 'Tour=lead'][n]}`).join('\n')}\n`
    const unknown = await importUsers(db, org.id, await file(text))
    expect(unknown.errors.map(({ line, message }) => [line, message])).toEqual([
      [2, 'has an unknown group "Post"'],
      [2, 'has an unknown group "team:Tour"'],
      [3, 'has an unknown group "post"'],
      [3, 'has an unknown group "Tour"'],
      [4, 'has an unknown group "Tour"'],
    ])
    const made = await importUsers(db, org.id, await file(text), { createGroups: true })
    expect(made).toEqual({ imported: 3, groups: ['team:Tour', 'department:Post'], ...nothingWrong })
    const groups = await owner
      .selectFrom('groups')
      .where('org_id', '=', org.id)
      .orderBy('name')
      .select(['kind', 'name'])
      .execute()
    expect(groups).toEqual([
      { kind: 'department', name: 'Post' },
      { kind: 'team', name: 'Tour' },
    ])

    const name = unique('p')
    const refused = await importUsers(
      db,
      org.id,
      await file(`username,email,groups\n${name},${name}@example.com,warehouse:North;client:Cod`),
      { createGroups: true },
    )
    expect(refused.errors.map(({ message }) => message)).toEqual([
      'has an unknown group "warehouse:North"',
      'has an unknown group "client:Cod"',
    ])
  })

  it('ends a role with a day in UTC, or at an instant; a day that is none is none', async () => {
    const org = await makeOrganization()
    const rows = ['viewer=2099-01-01', 'viewer=2099-01-01T12:00', 'viewer=2099-01-01T23:00:00+01:00']
    const people = (cells: string[]) =>
      `username,email,roles\n${cells.map((cell) => [unique('p'), `${unique('p')}@example.com`, cell].join()).join('\n')}`
    expect(await importUsers(db, org.id, await file(people(rows)))).toMatchObject({ imported: 3, errors: [] })
    const ends = await owner
      .selectFrom('user_roles')
      .where('org_id', '=', org.id)
      .select('expires_at')
      .execute()
    expect(ends.map(({ expires_at }) => new Date(expires_at ?? '').toISOString()).sort()).toEqual([
      '2099-01-01T12:00:00.000Z',
      '2099-01-01T22:00:00.000Z',
      '2099-01-02T00:00:00.000Z',
    ])
    const wrong = await importUsers(
      db,
      org.id,
      await file(people(['viewer=2099-02-30', 'viewer=2020-01-01'])),
    )
    expect(wrong.errors.map(({ line, message }) => [line, message])).toEqual([
      [2, 'has an unknown role "viewer=2099-02-30"'],
      [3, 'has the role viewer, which expires in the past'],
    ])
  })

  it('as a dry run keeps nothing', async () => {
    const org = await makeOrganization()
    const name = unique('p')
    const path = await file(`username,email,roles,groups\n${name},${name}@example.com,member,team:New`)
    expect(await importUsers(db, org.id, path, { createGroups: true, dryRun: true })).toEqual({
      imported: 1,
      groups: ['team:New'],
      ...nothingWrong,
    })
    expect(await usersOf(org)).toEqual([])
    expect(await owner.selectFrom('accounts').where('username', '=', name).selectAll().execute()).toEqual([])
    expect((await importUsers(db, org.id, path, { createGroups: true })).imported).toBe(1)
  })

  it('twice at once lets one through, and tells the other who is taken', async () => {
    const org = await makeOrganization()
    const names = Array.from({ length: 200 }, () => unique('p'))
    const path = await file(
      `username,email\n${names.map((name) => `${name},${name}@example.com`).join('\n')}`,
    )
    const outcomes = await Promise.all([1, 2, 3].map(() => importUsers(db, org.id, path)))
    expect(outcomes.map(({ imported }) => imported).sort()).toEqual([0, 0, 200])
    expect(outcomes.flatMap(({ errors }) => errors).length).toBe(800)
    expect((await usersOf(org)).length).toBe(200)
  })

  it('of the shipped example takes a few seconds; again, everybody is taken and nothing changes', async () => {
    const org = await makeOrganization()
    for (const name of ['Engineering', 'Logistics', 'Finance']) await makeGroup(org, { name })
    const path = join(import.meta.dirname, '../../../../examples/people.csv')
    const begun = performance.now()
    const outcome = await importUsers(db, org.id, path, { createGroups: true })
    const seconds = (performance.now() - begun) / 1000
    expect(outcome).toMatchObject({ imported: 5000, errors: [] })
    expect(outcome.groups).toHaveLength(8)
    expect(outcome.groups.every((group) => group.startsWith('team:'))).toBe(true)
    expect(seconds).toBeLessThan(15)
    const before = await everything(org)
    expect(before.slice(0, 2)).toEqual([5000, 11])
    const created = (await eventsOf(org)).filter(
      ({ action, via, reason }) =>
        action === 'user:create' && via === 'cli' && reason === 'import of people.csv',
    )
    expect(created).toHaveLength(5000)

    const again = await importUsers(db, org.id, path, { createGroups: true })
    expect(again.imported).toBe(0)
    expect(again.error_count).toBe(10_000)
    expect(again.errors[0]).toMatchObject({
      line: 2,
      column: 'username',
      message: 'is already in use in this organization',
    })
    expect(await everything(org)).toEqual(before)
  })
})
