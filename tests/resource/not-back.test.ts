import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { state } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeRole, makeUser, type Organization, unique } from '#tests/factories.ts'
import { newEmail } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { exported, imported, settled, told } from '#tests/resource/carried.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const to = await settled()

/** Everything of a table in an organization, without what is one record's alone. */
async function records(table: string, org: Organization, columns: string, where = 'true') {
  const { rows } = await sql<{ row: string }>`
    select row_to_json(r)::text as row from (select ${sql.raw(columns)} from ${sql.table(table)} t
      where t.org_id = ${org.id} and t.deleted_at is null and ${sql.raw(where)}) r order by 1`.execute(past)
  return rows.map(({ row }) => JSON.parse(row) as Record<string, unknown>)
}

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
    const rows = ['accepted', 'expired', 'revoked', 'Pending', ''].map((one) => `${newEmail()},${one}`)
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
      const made = await as(a.by).post('/api/invitations', { email: newEmail(), role_ids: [], ...given })
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
