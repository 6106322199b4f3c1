import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  assign,
  makeGroup,
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

const { owner, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

const CODE = 'group:update:group'
const HAS = 'session:read:own'
const EDITS = [
  ...['create', 'read', 'update', 'delete'].map((action) => `role:${action}:all`),
  'permission:read:all',
  'permission:update:all',
  'user:read:all',
  'user:update:all',
  HAS,
]
const set = (org: Organization, table: 'roles' | 'permissions' | 'groups', id: string, change: object) =>
  owner.updateTable(table).set(change).where('org_id', '=', org.id).where('id', '=', id).execute()
const gone = () => ({ deleted_at: new Date().toISOString() })

/** A role that begins to give the permission by the attempt, to whoever has it. */
type Door = (org: Organization) => Promise<{ role: string; attempt: (by: Person) => Promise<Answer> }>

/** A refusal of the one record that was named, as if it had been alone. */
const bulk = async (by: Person, path: string, action: string, id: string) => {
  const answer = await as(by).post(api(`${path}/bulk`), { action, ids: [id] })
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ refused: number }>().refused ? { ...answer, status: 403 } : answer
}
const onto =
  (attempt: (by: Person, role: string, org: Organization) => Promise<Answer>, more: object = {}): Door =>
  async (org) => {
    const role = await makeRole(org, { permissions: [HAS], ...more })
    return { role, attempt: (by) => attempt(by, role, org) }
  }
const strong = { permissions: [HAS, CODE] }
const matrix = (dry_run: boolean) =>
  onto((by, role_id, org) => {
    const changes = [{ role_id, permission_id: permissionOf(org, CODE), held: true }]
    return as(by).post(api(paths.access.matrix), { changes, dry_run })
  })
const step = (by: Person, role: string, org: Organization) =>
  as(by).post(api(paths.rolePermission(role, permissionOf(org, CODE))))

const doors: Record<string, Door> = {
  'a permission more': onto(step),
  'a permission more for a role above': async (org) => {
    const above = await makeRole(org, { permissions: [HAS] })
    const role = await makeRole(org, { parents: [await makeRole(org, { parents: [above] })] })
    return { role, attempt: (by) => step(by, above, org) }
  },
  'a permission more for a disabled role': onto(step, { status: 'disabled' }),
  'a disabled permission more': async (org) => {
    const role = await makeRole(org, { permissions: [HAS] })
    await set(org, 'permissions', permissionOf(org, CODE), { status: 'disabled' })
    return { role, attempt: (by) => step(by, role, org) }
  },
  'changing what it holds': onto((by, role) => as(by).patch(api(paths.role(role)), strong)),
  'changing it by a form': onto((by, role) => browserOf(by).patch(paths.role(role), { permissions: CODE })),
  'replacing it': onto((by, role) => as(by).put(api(paths.role(role)), { name: unique('put'), ...strong })),
  'trying what a change would do': onto((by, role) =>
    as(by).patch(api(`${paths.role(role)}?dry_run=true`), strong),
  ),
  'trying it by a form': onto((by, role) =>
    browserOf(by).post(pathsOf(paths.roles).edit(role), { permissions: CODE }),
  ),
  'a box of the matrix': matrix(false),
  'trying a box of the matrix': matrix(true),
  'a role to inherit from': async (org) => {
    const [role, parent] = [await makeRole(org, { permissions: [HAS] }), await makeRole(org, strong)]
    return { role, attempt: (by) => as(by).post(api(paths.roleParent(role, parent))) }
  },
  'enabling it': onto((by, role) => as(by).patch(api(paths.toggleRole(role))), {
    ...strong,
    status: 'disabled',
  }),
  'enabling many': onto((by, role) => bulk(by, paths.roles, 'activate', role), {
    ...strong,
    status: 'disabled',
  }),
  'enabling a role above': async (org) => {
    const above = await makeRole(org, { ...strong, status: 'disabled' })
    const role = await makeRole(org, { parents: [above] })
    return { role, attempt: (by) => as(by).patch(api(paths.toggleRole(above))) }
  },
  'restoring it': async (org) => {
    const role = await makeRole(org, strong)
    await set(org, 'roles', role, gone())
    return { role, attempt: (by) => as(by).post(api(`${paths.role(role)}/restore`)) }
  },
  'restoring many': async (org) => {
    const role = await makeRole(org, strong)
    await set(org, 'roles', role, gone())
    return { role, attempt: (by) => bulk(by, paths.roles, 'restore', role) }
  },
  'switching the permission on': async (org) => {
    const role = await makeRole(org, strong)
    await set(org, 'permissions', permissionOf(org, CODE), { status: 'disabled' })
    return { role, attempt: (by) => as(by).patch(api(paths.togglePermission(permissionOf(org, CODE)))) }
  },
  'switching many permissions on': async (org) => {
    const role = await makeRole(org, strong)
    await set(org, 'permissions', permissionOf(org, CODE), { status: 'disabled' })
    return { role, attempt: (by) => bulk(by, paths.permissions, 'activate', permissionOf(org, CODE)) }
  },
}

/** An editor who works for one group, with the others. */
async function stage() {
  const org = await makeOrganization()
  const [mine, beside] = [await makeGroup(org), await makeGroup(org)]
  const beneath = await makeGroup(org, { parent: mine })
  const by = await personWith(org, [...EDITS, CODE, 'group:read:group'], { groups: [mine] })
  const everywhere = await personWith(org, [...EDITS, CODE, 'group:update:all', 'group:read:all'])
  return { org, mine, beside, beneath, by, everywhere }
}
type Stage = Awaited<ReturnType<typeof stage>>
const holder = (
  { org }: Pick<Stage, 'org'>,
  role: string,
  group: string,
  as_: 'member' | 'viewer' = 'member',
) => makeUser(org, { roles: [role], groups: [{ id: group, role: as_ }] })
const DONE = [200, 201, 204, 303]

describe.each(Object.entries(doors))('%s', (_, door) => {
  test('is for who reaches all groups of those who have the role', async () => {
    const place = await stage()
    const { org, mine, beside, beneath, by, everywhere } = place
    for (const group of [mine, beneath]) {
      const { role, attempt } = await door(org)
      await holder(place, role, group)
      expect((await attempt(by)).status).toBeOneOf(DONE)
    }
    const { role, attempt } = await door(org)
    await holder(place, role, mine)
    await holder(place, role, beside)
    const answer = await denied(by, 'role:assign', () => attempt(by))
    expect(answer.text).toContain(`People with this role are in groups where you don’t have ${CODE}`)
    expect((await attempt(everywhere)).status).toBeOneOf(DONE)
  })
})

describe('a role that begins to give', () => {
  const give = ({ org }: Stage, by: Person, role: string, code = CODE) =>
    as(by).post(api(paths.rolePermission(role, permissionOf(org, code))))
  const plain = ({ org }: Stage) => makeRole(org, { permissions: [HAS] })

  test('reaches no group by whoever only sees there, was there for a time, or is in none', async () => {
    const place = await stage()
    const role = await plain(place)
    await holder(place, role, place.beside, 'viewer')
    await makeUser(place.org, { roles: [role] })
    const over = await makeUser(place.org, { groups: [place.beside] })
    await assign(place.org, over.id, { id: role, expires: '-1 second' })
    expect((await give(place, place.by, role)).status).toBe(200)
    await denied(place.by, 'role:assign', () => give(place, place.by, role, 'group:read:group'))
  })

  test('counts who could come back, and groups that could', async () => {
    const place = await stage()
    const { org, by, beside, mine } = place
    for (const change of [{ status: 'disabled' as const }, gone()]) {
      const role = await plain(place)
      const { id } = await holder(place, role, beside)
      await owner.updateTable('users').set(change).where('id', '=', id).execute()
      await denied(by, 'role:assign', () => give(place, by, role))
    }
    const [far, near] = [await makeGroup(org, { parent: beside }), await makeGroup(org, { parent: mine })]
    const [one, other] = [await plain(place), await plain(place)]
    await holder(place, one, far)
    await holder(place, other, near)
    for (const id of [far, near]) await set(org, 'groups', id, gone())
    await expect.poll(async () => (await give(place, by, other)).status, { timeout: 1000 }).toBe(200)
    await denied(by, 'role:assign', () => give(place, by, one))
  })

  test('gives nothing new where it inherited the same, or gives less', async () => {
    const place = await stage()
    const above = await makeRole(place.org, strong)
    const role = await makeRole(place.org, { permissions: [HAS], parents: [above] })
    await holder(place, role, place.beside)
    expect((await give(place, place.by, role)).status).toBe(200)
    expect((await as(place.by).delete(api(paths.roleParent(role, above)))).status).toBe(200)
    expect((await as(place.by).patch(api(paths.role(role)), { description: 'Ours' })).status).toBe(200)
    const path = api(paths.rolePermission(role, permissionOf(place.org, CODE)))
    expect((await as(place.by).delete(path)).status).toBe(200)
  })

  test('what its template holds is for whoever assigns templates', async () => {
    const place = await stage()
    const viewer = roleOf(place.org, 'viewer')
    await holder(place, viewer, place.beside)
    const permission = permissionOf(place.org, 'group:read:group')
    const path = api(paths.rolePermission(viewer, permission))
    const codes = ['user:read:own', 'user:read:group', 'group:read:group', ...EDITS]
    const by = await personWith(place.org, [...codes, 'role:assign:all'], { groups: [place.mine] })
    expect((await as(by).delete(path)).status).toBe(200)
    expect((await as(by).post(path)).status).toBe(200)
    await denied(by, 'role:assign', () => give(place, by, viewer, CODE))
  })

  test('is looked at in roles alone where the editor reaches everything', async () => {
    const place = await stage()
    const statements = async (code: string) => {
      const role = await plain(place)
      await holder(place, role, place.beside)
      const before = db.counted.statements
      expect((await give(place, place.everywhere, role, code)).status).toBe(200)
      return db.counted.statements - before
    }
    expect(await statements(CODE)).toBe(await statements('role:read:all'))
  })
})

describe('while somebody makes a role stronger', () => {
  /** Adds a permission to a role, and commits once the other waits for it. */
  async function meanwhile(org: Organization, role: string, code: string, attempt: () => Promise<Answer>) {
    let answer: Promise<Answer> | undefined
    await owner.transaction().execute(async (tx) => {
      await sql`select from roles where id = ${role} for update`.execute(tx)
      const permission_id = permissionOf(org, code)
      await tx
        .insertInto('role_permissions')
        .values({ org_id: org.id, role_id: role, permission_id })
        .execute()
      answer = attempt()
      const waits = async () => {
        const { rows } = await sql`select from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock' and query like '%for share%'`.execute(owner)
        return rows.length
      }
      await expect.poll(waits, { timeout: 5000, interval: 20 }).toBeGreaterThan(0)
    })
    return answer as Promise<Answer>
  }
  const LACKS = 'event:read:all'

  test('its holder’s address waits for it, and is refused', async () => {
    const { org, by } = await stage()
    const role = await makeRole(org)
    const of = await makeUser(org, { roles: [role] })
    const change = () => as(by).patch(api(paths.user(of.id)), { email: `${unique('moved')}@example.com` })
    expect((await change()).status).toBe(200)
    expect((await meanwhile(org, role, LACKS, change)).status).toBe(403)
  })

  test('giving it waits, too', async () => {
    const { org, by } = await stage()
    const [role, of] = [await makeRole(org), await makeUser(org)]
    const give = () => as(by).post(api(paths.userRole(of.id, role)))
    expect((await meanwhile(org, role, LACKS, give)).status).toBe(403)
    expect((await as(by).post(api(paths.userRole(of.id, await makeRole(org))))).status).toBe(200)
  })
})
