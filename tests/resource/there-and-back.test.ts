import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { ImportReport } from '#src/resource/import/import.ts'
import { state } from '#tests/access/trail.ts'
import { type Answer, as, send } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { newAddress } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { hostile } from '#tests/resource/hostile.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past, app } = await testDatabase()

/** A file as it is downloaded, byte by byte. */
async function exported(by: Person, path: string, query = ''): Promise<Buffer> {
  const headers = { Authorization: `Bearer ${by.token}`, Accept: 'text/csv' }
  const response = await app.request(`/api/v1${path}${query}`, { headers })
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}
const imported = (by: Person, path: string, file: Buffer) =>
  send(`/api/v1${path}/import`, {
    method: 'POST',
    body: new Uint8Array(file),
    headers: { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv', Accept: 'application/json' },
  })
const told = (answer: Answer) =>
  (answer.json<Partial<ImportReport>>().errors ?? []).map(
    ({ line, column, message }) => `${line} ${column ?? '-'} ${message}`,
  )

const settled = async () => {
  const org = await makeOrganization()
  return { org, by: await makeUser(org, { roles: [roleOf(org, 'owner')] }) }
}
const [from, to] = [await settled(), await settled()]

/** Groups and roles with such names, in every kind that a name alone makes. */
async function places(org: Organization) {
  const groups = new Map<string, string>()
  for (const kind of ['department', 'team', 'warehouse', 'client'] as const)
    for (const name of hostile) groups.set(`${kind}:${name}`, await makeGroup(org, { kind, name }))
  const roles = new Map<string, string>()
  for (const name of hostile) roles.set(name, await makeRole(org, { name }))
  return { groups, roles }
}
const here = await places(from.org)
await places(to.org)
const kinds = ['department', 'team', 'warehouse', 'client'] as const
const at = <T>(list: readonly T[], n: number) => list[n % list.length] as T
const group = (kind: string, n: number) => here.groups.get(`${kind}:${at(hostile, n)}`) as string
const role = (n: number) => here.roles.get(at(hostile, n)) as string

/** Everything of a table in an organization, without what is one record's alone. */
async function records(table: string, org: Organization, columns: string, where = 'true') {
  const { rows } = await sql<{ row: string }>`
    select row_to_json(r)::text as row from (select ${sql.raw(columns)} from ${sql.table(table)} t
      where t.org_id = ${org.id} and t.deleted_at is null and ${sql.raw(where)}) r order by 1`.execute(past)
  return rows.map(({ row }) => JSON.parse(row) as Record<string, unknown>)
}

/** Each entity with a file in both directions, and what of its records is theirs to bring. */
const cases: Record<string, () => Promise<void>> = {
  '/users': async () => {
    const travels = await makeRole(from.org, { name: unique('Traveller') })
    const { rows } = await sql<{ name: string }>`select name from roles where id = ${travels}`.execute(past)
    await makeRole(to.org, { name: rows[0]?.name })
    const names: string[] = []
    for (const [n, text] of hostile.entries()) {
      const username = unique('traveller')
      names.push(username)
      const person = await makeUser(from.org, {
        username,
        ...(n % 3 ? { first_name: text } : { last_name: text }),
        status: n % 2 ? 'active' : 'invited',
        roles: [travels, role(n), role(n + 7)],
      })
      await assign(from.org, person.id, { id: role(n + 1), expires: `${n + 1} days` })
      for (const [m, as] of ['lead', 'member', 'viewer', 'viewer'].entries())
        await addMember(from.org, person.id, group(at(kinds, m), n + m), as)
      if (n % 2)
        await sql`update users set locale = 'de-AT', time_zone = 'Europe/Vienna' where id = ${person.id}`.execute(
          past,
        )
    }
    const list = names.map((name) => `'${name}'`).join(', ')
    const whole = `username, email, first_name, last_name, locale, time_zone,
      array(select (r.name, ur.expires_at)::text from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = t.id order by 1) as roles,
      array(select (g.kind, g.name, m.role)::text from group_members m join groups g on g.id = m.group_id where m.user_id = t.id order by 1) as groups`
    const before = await records('users', from.org, whole, `username in (${list})`)
    expect(before).toHaveLength(hostile.length)
    const file = await exported(from.by, '/users', `?role=${travels}`)
    // a name belongs to one account of the whole installation: here it has to be free before it can come back
    const again = await imported(from.by, '/users', file)
    expect(told(again).sort()).toEqual(
      hostile
        .flatMap((_, n) => [`${n + 2} email already has an account`, `${n + 2} username is already in use`])
        .sort(),
    )
    await sql`update users set username = 'was.' || username, email = 'was.' || email
      where org_id = ${from.org.id} and username = any(${names})`.execute(past)
    await sql`update accounts set username = 'was.' || username, email = 'was.' || email
      where username = any(${names})`.execute(past)
    const answer = await imported(to.by, '/users', file)
    expect(told(answer)).toEqual([])
    const active = hostile.length >> 1
    expect(answer.json()).toMatchObject({
      imported: hostile.length,
      notes: [
        { column: 'status', rows: active, message: expect.stringMatching(`^${active} active people `) },
      ],
    })
    expect(await records('users', to.org, whole, `username in (${list})`)).toEqual(before)
  },
  '/invitations': async () => {
    const whole = `email, status, array(select r.name from roles r where r.id = any (t.role_ids) order by 1) as roles,
      (select (g.kind, g.name)::text from groups g where g.id = t.group_id) as group`
    for (const n of hostile.keys()) {
      const body = {
        email: n % 5 ? newAddress() : `+${newAddress()}`,
        role_ids: n % 4 ? [role(n), role(n + 3)] : [],
        group_id: n % 3 ? group(at(kinds, n), n) : null,
      }
      const made = await as(from.by).post('/api/invitations', body)
      expect(made.status, made.text).toBe(201)
    }
    const file = await exported(from.by, '/invitations')
    const before = await records('invitations', from.org, whole)
    expect(before).toHaveLength(hostile.length)
    const again = await imported(from.by, '/invitations', file)
    expect(told(again)).toEqual(hostile.map((_, n) => `${n + 2} email is already invited`))
    const answer = await imported(to.by, '/invitations', file)
    expect(told(answer)).toEqual([])
    expect(await records('invitations', to.org, whole)).toEqual(before)
  },
  '/groups': () => groups('/groups'),
  '/departments': () => groups('/departments'),
}

async function groups(path: string) {
  const [a, b] = [await settled(), await settled()]
  for (const [n, name] of hostile.entries()) {
    const description = `${at(hostile, n + 1)}\n\n\t${at(hostile, n + 2)}`
    const kind = path === '/groups' && n % 2 ? 'team' : 'department'
    const made = await as(a.by).post(`/api${path}`, {
      name,
      description,
      ...(path === '/groups' ? { kind } : {}),
    })
    expect(made.status, made.text).toBe(201)
  }
  const whole = 'kind, name, description, parent_id, owner_user_id, owner_group_id'
  const file = await exported(a.by, path)
  const before = await records('groups', a.org, whole)
  expect(before).toHaveLength(hostile.length)
  expect(told(await imported(a.by, path, file)).map((line) => line.replace(/^\d+ /, ''))).toEqual(
    hostile.map(() => 'name is already in use'),
  )
  const answer = await imported(b.by, path, file)
  expect(told(answer)).toEqual([])
  expect(await records('groups', b.org, whole)).toEqual(before)
}

describe('what is exported comes into another organization as it was, and onto itself not at all', () => {
  for (const [path, tried] of Object.entries(cases)) test(path, tried, 60_000)

  test('and no entity is left out', () => {
    const paths = endpoints.flatMap(({ method, path }) =>
      method === 'POST' && path.endsWith('/import') ? [path.slice(0, -'/import'.length)] : [],
    )
    expect(paths.toSorted()).toEqual(Object.keys(cases).toSorted())
  })

  test('every file says by its first bytes that it is UTF-8', async () => {
    for (const path of [...Object.keys(cases), '/roles', '/permissions', '/sessions', '/events'])
      expect((await exported(from.by, path)).subarray(0, 3).toString('hex'), path).toBe('efbbbf')
    const template = await exported(from.by, '/users/import', '?format=csv')
    expect(template.toString().match(/\uFEFF/g)).toEqual(['\uFEFF'])
  })
})

describe('what can’t come back is refused, with row, column and reason:', () => {
  /** Everybody of an organization but who exports, brought by somebody of another. */
  async function refusals(prepare: (org: Organization, by: Person) => Promise<void>, query = '') {
    const [a, b] = [await settled(), await settled()]
    await prepare(a.org, a.by)
    const text = (await exported(a.by, '/users', `?sort=created_at${query && `&${query}`}`)).toString()
    const [head = '', mine = '', ...rows] = text.trimEnd().split('\r\n')
    const others = query ? [mine, ...rows] : rows
    await sql`update accounts set username = 'was.' || username, email = 'was.' || email
      where managed_by_org_id = ${a.org.id}`.execute(past)
    const before = await state(b.org)
    const answer = await imported(b.by, '/users', Buffer.from([head, ...others].join('\r\n')))
    if (answer.status === 422) expect(await state(b.org)).toEqual(before)
    return told(answer)
  }

  test('who is disabled, while who isn’t comes', async () => {
    expect(
      await refusals(async (org) => {
        await makeUser(org)
        await makeUser(org, { status: 'disabled' })
      }),
    ).toEqual(['3 status is disabled: remove this row, everyone in a file is invited'])
    expect(await refusals(async (org) => void (await makeUser(org)))).toEqual([])
  })

  test('a service account', async () => {
    const found = await refusals(async (_, by) => {
      const body = { username: unique('service'), first_name: 'Robot' }
      expect((await as(by).post('/api/service-accounts', body)).status).toBe(201)
    })
    expect(found).toContain('2 kind is a service account: remove this row, only people can be imported')
  })

  test('who was deleted', async () => {
    const found = await refusals(async (org) => {
      const { id } = await makeUser(org)
      await sql`update users set deleted_at = now() where id = ${id}`.execute(past)
    }, 'deleted=true')
    expect(found).toEqual(['2 deleted_at was deleted: remove this row, or restore the record'])
  })

  test('roles and groups that aren’t there, a role whose end came meanwhile, one that is held in two ways', async () => {
    const name = unique('Only here')
    const found = await refusals(async (org) => {
      const id = await makeRole(org, { name })
      await makeUser(org, { roles: [id], groups: [{ id: await makeGroup(org, { name }), role: 'viewer' }] })
    })
    expect(found).toEqual([
      `2 roles has an unknown role "${name}"`,
      `2 groups has an unknown group "department:${name}"`,
    ])
    const [one, two, three] = [unique('x'), unique('x'), unique('x')]
    await makeGroup(to.org, { name: 'Twice' })
    const rows = [
      `${one},${one}@example.com,guest=2020-01-01T00:00:00Z,`,
      `${two},${two}@example.com,guest; guest=2099-01-01T00:00:00Z,Twice=lead; department:Twice=viewer`,
      `${three},${three}@example.com,"""guest"" x; y",`,
    ]
    const answer = await imported(
      to.by,
      '/users',
      Buffer.from(`username,email,roles,groups\n${rows.join('\n')}`),
    )
    expect(told(answer)).toEqual([
      '2 roles has the role guest, which expires in the past',
      '3 roles has "guest" twice, each time otherwise',
      '3 groups has "Twice" twice, each time otherwise',
      '4 roles Double the quotation mark inside this entry',
    ])
  })

  test('an invitation that was accepted or is over', async () => {
    const rows = ['accepted', 'expired', 'revoked', 'Pending', ''].map((one) => `${newAddress()},${one}`)
    const answer = await imported(to.by, '/invitations', Buffer.from(`email,status\n${rows.join('\n')}`))
    expect(told(answer)).toEqual([2, 3, 4].map((n) => `${n} status must be pending: remove this row`))
  })

  test('an invitation whose role or group is gone or hidden, and one of who was added already; a whole one comes', async () => {
    const [a, b] = [await settled(), await settled()]
    const [gone, off, place] = [unique('Gone'), unique('Off'), unique('Place')]
    const roles = { gone: await makeRole(a.org, { name: gone }), off: await makeRole(a.org, { name: off }) }
    for (const name of [gone, off]) await makeRole(b.org, { name })
    const group_id = await makeGroup(a.org, { name: place, kind: 'team' })
    const invited = async (given: object) => {
      const made = await as(a.by).post('/api/invitations', { email: newAddress(), role_ids: [], ...given })
      expect(made.status, made.text).toBe(201)
    }
    await invited({ role_ids: [roles.gone, roles.off] })
    await invited({ group_id })
    await invited({ role_ids: [roles.off] })
    const added = await makeUser(a.org, { status: 'invited' })
    expect((await as(a.by).post(`/api/users/${added.id}/invite`)).status).toBeLessThan(300)
    await sql`update roles set status = 'disabled' where id = ${roles.off}`.execute(past)
    await sql`update roles set deleted_at = now() where id = ${roles.gone}`.execute(past)
    await sql`update groups set deleted_at = now() where id = ${group_id}`.execute(past)

    const file = await exported(a.by, '/invitations', '?sort=created_at')
    expect(told(await imported(b.by, '/invitations', file))).toEqual([
      `2 roles has a role that was deleted or hidden when this file was exported: ${roles.gone}`,
      `3 group has an unknown name "team:${place}"`,
      '5 user_id is someone who was added already: remove this row, and import them under People',
    ])
    const [head, , , whole] = file.toString().split('\r\n')
    const blind = await makeUser(a.org, {
      roles: [await makeRole(a.org, { permissions: ['invitation:read:all'] })],
    })
    const hidden = (await exported(blind, '/invitations', '?sort=created_at'))
      .toString()
      .split('\r\n')[3] as string
    const answer = await imported(b.by, '/invitations', Buffer.from([head, hidden].join('\r\n')))
    expect(told(answer)).toEqual([
      `2 roles has a role that was deleted or hidden when this file was exported: ${roles.off}`,
    ])
    expect(
      (await imported(b.by, '/invitations', Buffer.from([head, whole].join('\r\n')))).json(),
    ).toMatchObject({ imported: 1 })
    expect(
      await records(
        'invitations',
        b.org,
        `array(select r.name from roles r where r.id = any (t.role_ids)) as roles`,
      ),
    ).toEqual([{ roles: [off] }])
  })

  test('a group beneath one that isn’t there, and one that is more than a name', async () => {
    const [a, b] = [await settled(), await settled()]
    const parent = await makeGroup(a.org)
    await makeGroup(a.org, { parent })
    await makeGroup(a.org, { kind: 'warehouse' })
    const answer = await imported(b.by, '/groups', await exported(a.by, '/groups', '?sort=created_at'))
    expect(told(answer)).toEqual(['3 parent_id Choose a group', '4 kind Choose one of department, team'])
  })
})
