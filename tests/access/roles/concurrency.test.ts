import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { bites, cached, readsSelf } from '#tests/access/processes.ts'
import { type Answer, as } from '#tests/client.ts'
import {
  assign,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`
const ADMINISTERS = 'role:update:all'

/** Who can administer roles for good, by another way than the code: through the function that gives rights. */
async function administrators(org: Organization): Promise<string[]> {
  const people = await owner
    .selectFrom('users')
    .where('org_id', '=', org.id)
    .where('status', '=', 'active')
    .where('deleted_at', 'is', null)
    .select('id')
    .select((eb) =>
      eb.fn<{ permissions: string[]; until: string | null }>('app.rights', ['org_id', 'id']).as('rights'),
    )
    .execute()
  const able = people.filter(
    ({ rights }) => rights.permissions.includes(ADMINISTERS) && rights.until === null,
  )
  return able.map(({ id }) => id)
}

/** May do everything, but only for an hour: somebody else has to be left. */
async function passing(org: Organization): Promise<Person> {
  const person = await makeUser(org)
  await assign(org, person.id, { id: roleOf(org, 'owner'), expires: '1 hour' })
  return person
}

/** Somebody who administers roles, and a way by which that is taken from them. */
type Loss = (org: Organization, by: Person) => Promise<() => Promise<Answer>>
const administering = async (org: Organization, more: Parameters<typeof makeRole>[1] = {}) => {
  const role = await makeRole(org, { permissions: [ADMINISTERS], ...more })
  return { role, user: await makeUser(org, { roles: [role] }) }
}
const losses: Record<string, Loss> = {
  'a role that is taken': async (org, by) => {
    const { role, user } = await administering(org)
    return () => as(by).delete(api(paths.userRole(user.id, role)))
  },
  'a role that gets an end': async (org, by) => {
    const { role, user } = await administering(org)
    return () => as(by).post(api(paths.userRole(user.id, role)), { expires_at: '2099-01-01T00:00:00Z' })
  },
  'a role that is disabled': async (org, by) => {
    const { role } = await administering(org)
    return () => as(by).patch(api(paths.toggleRole(role)))
  },
  'a role that is deleted': async (org, by) => {
    const { role } = await administering(org)
    return () => as(by).delete(api(paths.role(role)))
  },
  'a permission that is taken': async (org, by) => {
    const { role } = await administering(org)
    return () => as(by).delete(api(paths.rolePermission(role, permissionOf(org, ADMINISTERS))))
  },
  'a role that is emptied': async (org, by) => {
    const { role } = await administering(org)
    return () => as(by).patch(api(paths.role(role)), { permissions: [] })
  },
  'a parent that is taken': async (org, by) => {
    const parent = await makeRole(org, { permissions: [ADMINISTERS] })
    const { role } = await administering(org, { permissions: [], parents: [parent] })
    return () => as(by).delete(api(paths.roleParent(role, parent)))
  },
  'a parent that is deleted': async (org, by) => {
    const parent = await makeRole(org, { permissions: [ADMINISTERS] })
    await administering(org, { permissions: [], parents: [parent] })
    return () => as(by).delete(api(paths.role(parent)))
  },
  'a person who is disabled': async (org, by) => {
    const { user } = await administering(org)
    return () => as(by).patch(api(paths.user(user.id)), { status: 'disabled' })
  },
  'a person who is deleted': async (org, by) => {
    const { user } = await administering(org)
    return () => as(by).delete(api(paths.user(user.id)))
  },
}

describe('the last who administers roles', () => {
  test.each(Object.entries(losses))('can’t lose that by %s, though the one before could', async (_, loss) => {
    const org = await makeOrganization()
    const by = await passing(org)
    const [first, second] = [await loss(org, by), await loss(org, by)]
    expect((await first()).status).toBeOneOf([200, 204])
    const left = await administrators(org)
    expect(left).toHaveLength(1)
    const answer = await second()
    expect([answer.status, answer.json().detail.slice(0, 46)]).toEqual([
      409,
      'No one would be left who can manage roles. Ass',
    ])
    expect(await administrators(org)).toEqual(left)
  })

  test('nor by the permission itself', async () => {
    const org = await makeOrganization()
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const toggle = (code: string) => as(by).patch(api(paths.togglePermission(permissionOf(org, code))))
    expect((await toggle(ADMINISTERS)).status).toBe(409)
    expect((await toggle('role:create:all')).status).toBe(200)
  })

  test('is left when twenty lose it at once, by ten ways', async () => {
    const org = await makeOrganization()
    const by = await passing(org)
    const attempts: (() => Promise<Answer>)[] = []
    for (const loss of [...Object.values(losses), ...Object.values(losses)])
      attempts.push(await loss(org, by))
    expect(await administrators(org)).toHaveLength(20)
    const statuses = (await Promise.all(attempts.map((attempt) => attempt()))).map(({ status }) => status)
    expect(statuses.filter((status) => status < 300)).toHaveLength(19)
    expect(statuses.filter((status) => status === 409)).toHaveLength(1)
    expect(await administrators(org)).toHaveLength(1)
  })
})

describe('two who make roles inherit from each other', () => {
  test('close no circle: one of them is refused with the way round', async () => {
    const org = await makeOrganization()
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    for (let round = 0; round < 8; round++) {
      const length = 2 + (round % 3)
      const names = Array.from({ length }, () => unique('link'))
      const roles = await Promise.all(names.map((name) => makeRole(org, { name })))
      const answers = await Promise.all(
        roles.map((role, index) =>
          as(by).post(api(paths.roleParent(role, roles[(index + 1) % length] as string))),
        ),
      )
      const refused = answers.filter(({ status }) => status !== 200)
      expect(refused.map(({ status }) => status)).toEqual([409])
      for (const name of names) expect(refused[0]?.json().detail).toContain(name)
    }
  })
})

describe('many at once', () => {
  test('edits of one version of a role: one goes through', async () => {
    const org = await makeOrganization()
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const path = api(paths.role(await makeRole(org)))
    const etag = (await as(by).get(path)).headers.get('etag') as string
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        as(by).patch(path, { permissions: ['user:read:own'], description: `${n}` }, { 'If-Match': etag }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19)
  })

  test('the same role, given and taken, changed and deleted: nobody waits for good, and nothing breaks', async () => {
    const org = await makeOrganization()
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const parent = await makeRole(org, { permissions: ['user:read:own'] })
    const roles = await Promise.all(Array.from({ length: 4 }, () => makeRole(org, { parents: [parent] })))
    const users = await Promise.all(Array.from({ length: 4 }, () => makeUser(org, { roles: [...roles] })))
    const program = as(by)
    const attempts = roles.flatMap((role, n) => {
      const user = users[n] as Person
      const next = users[(n + 1) % 4] as Person
      return [
        () => program.delete(api(paths.userRole(user.id, role))),
        () => program.post(api(paths.userRole(next.id, role)), { expires_at: '2099-01-01T00:00:00Z' }),
        () => program.patch(api(paths.role(parent)), { permissions: n % 2 ? [] : ['user:read:own'] }),
        () => program.patch(api(paths.toggleRole(role))),
        () => program.delete(api(paths.roleParent(role, parent))),
        () => program.patch(api(paths.togglePermission(permissionOf(org, 'user:read:own')))),
        () => program.delete(api(paths.user(next.id))),
        () => program.post(api(`${paths.roles}/bulk`), { action: 'activate', ids: roles }),
      ]
    })
    const statuses = (await Promise.all(attempts.map((attempt) => attempt()))).map(({ status }) => status)
    expect(statuses.filter((status) => ![200, 204, 404, 409].includes(status))).toEqual([])
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(10)
  })
})

describe('an assignment with an end', () => {
  test('is over at the second, on every process and with rights in memory', async () => {
    await using other = await here.anotherProcess()
    const org = await makeOrganization()
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const role = await makeRole(org, { permissions: ['user:read:own'] })
    const person = await makeUser(org)
    const expires_at = new Date(Date.now() + 1500).toISOString()
    const given = await as(by).post(api(paths.userRole(person.id, role)), {
      expires_at,
      reason: 'for a moment',
    })
    expect(given.status, given.text).toBe(200)
    for (const process of [here, other]) {
      await expect.poll(() => readsSelf(person)(process), { timeout: 1000, interval: 5 }).toBe(200)
      await cached(process, person)
    }
    await sleep(new Date(expires_at).getTime() - Date.now())
    await Promise.all([here, other].map((process) => bites(process, readsSelf(person), 403)))
    const { data } = (await as(by).get(api(paths.userRoles(person.id)))).json<{ data: unknown[] }>()
    expect(data).toEqual([])
    // and again, for good
    expect((await as(by).post(api(paths.userRole(person.id, role)))).status).toBe(200)
    await expect.poll(() => readsSelf(person)(other), { timeout: 1000 }).toBe(200)
  })

  test('leaves the role as it is: who has it is no part of it', async () => {
    const org = await makeOrganization()
    const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const holder = await personWith(org, ['user:read:own'])
    const { data } = (await as(by).get(api(paths.userRoles(holder.id)))).json<{
      data: { role: { id: string }; expires_at: string | null }[]
    }>()
    expect(data).toMatchObject([{ expires_at: null }])
    const version = async () =>
      (await as(by).get(api(paths.role(data[0]?.role.id as string)))).json<RoleRecord>().version
    const before = await version()
    const ending = { expires_at: new Date(Date.now() + 3_600_000).toISOString() }
    expect(
      (await as(by).post(api(paths.userRole(holder.id, data[0]?.role.id as string)), ending)).status,
    ).toBe(200)
    // who has a role is not part of it
    expect(await version()).toBe(before)
    expect(await readsSelf(holder)(here)).toBe(200)
  })
})
