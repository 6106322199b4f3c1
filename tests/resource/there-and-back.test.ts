import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { as } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeRole,
  makeUser,
  type Organization,
  unique,
} from '#tests/factories.ts'
import { newEmail } from '#tests/people/invitations/inviting.ts'
import { exported, imported, settled, told } from '#tests/resource/carried.ts'
import { hostile } from '#tests/resource/hostile.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()

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
        email: n % 5 ? newEmail() : `+${newEmail()}`,
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
