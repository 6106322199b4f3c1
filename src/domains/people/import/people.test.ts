import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { ImportError } from '#src/resource/import/import.ts'
import { denied, recorded, state, trail } from '#tests/access/trail.ts'
import { type Answer, as, browserOf, send } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  permissionOf,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { makePeople, OF_GROUP, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, group, elsewhere, owner, admin, member, viewer, foreigner } = await makePeople()

const upload = (
  by: Person,
  rows: readonly string[],
  head = 'username,email,first_name,last_name,roles,groups',
) =>
  send('/api/v1/users/import', {
    method: 'POST',
    body: `${head}\n${rows.join('\n')}\n`,
    headers: { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv' },
  })
const told = (answer: Answer) => {
  const errors = (answer.json().errors ?? []) as unknown as ImportError[]
  return errors.map(({ line, column, message }) => [line, column, message].filter(Boolean).join(' '))
}
const nameOf = async (id: string) =>
  (await past.selectFrom('groups').where('id', '=', id).select('name').executeTakeFirstOrThrow()).name
const person = (name: string, roles = '', groups = '') =>
  `${name},${name}@example.com,Ada,Lovelace,${roles},${groups}`
const made = (names: readonly string[]) =>
  past
    .selectFrom('users')
    .where('username', 'in', names)
    .orderBy('username')
    .select((eb) => [
      'users.id',
      'username',
      'status',
      'created_by',
      'version',
      sql<string[]>`array(select r.name from user_roles u join roles r on r.id = u.role_id
        where u.user_id = users.id and u.granted_by = users.created_by order by 1)`.as('roles'),
      sql<
        string[]
      >`array(select g.name || ' ' || m.role from group_members m join groups g on g.id = m.group_id
        where m.user_id = users.id order by 1)`.as('groups'),
      eb.ref('org_id').as('org'),
    ])
    .execute()

describe('people from a file', () => {
  test('are made as by POST, by whoever sends it, in the trail', async () => {
    const team = unique('Team')
    await makeGroup(org, { name: team, kind: 'team' })
    const [a, b] = [unique('a'), unique('b')]
    const answer = await upload(owner, [person(a, 'Member; viewer', `${team}=lead`), person(b)])
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json<{ imported: number }>().imported).toBe(2)
    expect(await made([a, b])).toMatchObject([
      {
        username: a,
        status: 'invited',
        created_by: owner.id,
        version: 1,
        roles: ['member', 'viewer'],
        groups: [`${team} lead`],
        org: org.id,
      },
      { username: b, roles: [], groups: [], version: 1 },
    ])
    const lines = await recorded(owner, answer, 'api')
    expect(lines.map(({ action }) => action).sort()).toEqual([
      'group_member:create',
      'user:create',
      'user:create',
      'user_role:create',
      'user_role:create',
    ])
    const [{ id } = { id: '' }] = await made([b])
    const alone = await as(owner).post('/api/users', {
      username: unique('c'),
      email: `${unique('c')}@example.com`,
    })
    const keys = (answer: Answer) => Object.keys(answer.json<object>())
    expect(keys(await as(owner).get(`/api/users/${id}`))).toEqual(keys(alone))
  })

  test('come with columns by their labels; those of an export that nobody brings are left out', async () => {
    const name = unique('e')
    const answer = await upload(
      owner,
      [`x,${name},${name}@example.com,Ada,active`],
      'id,User name,E-Mail,First Name,status',
    )
    expect(answer.json()).toMatchObject({ imported: 1, ignored_columns: ['id'] })
    const columns = (await as(owner).get('/api/users/import')).json<{ columns: { name: string }[] }>().columns
    expect(columns.map((column) => column.name)).toEqual([
      'username',
      'email',
      'first_name',
      'last_name',
      'status',
      'kind',
      'locale',
      'time_zone',
      'roles',
      'groups',
    ])
    const dry = await send('/api/v1/users/import?dry_run=true', {
      method: 'POST',
      body: (await as(owner).get('/api/users/import?format=csv')).text,
      headers: { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'text/csv' },
    })
    expect(dry.json<{ errors: ImportError[] }>().errors.map(({ column }) => column)).toEqual([
      'groups',
      'groups',
    ])
  })

  test('who is active in the file comes invited, which is said before and after', async () => {
    const [a, b] = [unique('s'), unique('s')]
    const row = (name: string, status: string) => `${name},${name}@example.com,${status}`
    const head = 'username,email,status'
    const message =
      '1 active person in the file is imported as invited, without a password, until they accept an invitation.'
    const body = `${head}\n${row(a, 'Active')}\n${row(b, 'invited')}\n`
    const headers = { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'text/csv' }
    const kept = await send('/api/v1/users/imports', { method: 'POST', body, headers })
    const at = `/users/imports/${kept.json<{ id: string }>().id}`
    for (const [action, status] of [
      ['check', 'checked'],
      ['import', 'imported'],
    ] as const) {
      expect((await as(owner).post(`/api${at}`, { action })).status).toBe(202)
      await expect
        .poll(async () => (await as(owner).get(`/api${at}`)).json(), { timeout: 10_000 })
        .toMatchObject({ status, report: { notes: [{ column: 'status', rows: 1, message }] } })
      expect((await browserOf(owner).get(at)).text).toContain(message)
    }
    expect(await made([a, b])).toMatchObject([{ status: 'invited' }, { status: 'invited' }])
    const other = unique('s')
    const plain = await upload(owner, [row(other, 'invited')], head)
    expect(plain.json()).toMatchObject({ imported: 1, notes: [] })
  })

  test('are all told what is wrong with them, and nobody comes', async () => {
    const here = await makeUser(org)
    const gone = await makeUser(org)
    await past
      .updateTable('users')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', gone.id)
      .execute()
    const n = unique('w')
    const before = await state(org)
    const answer = await upload(owner, [
      person(here.username),
      person(foreigner.username),
      person(gone.username),
      person(`${n}a`, 'nobody; superadmin', 'Nowhere; =lead'),
      `${n}b,nonsense,,,,`,
      person(`${n}A`),
      `${n}c,${n}A@example.com,,a\u0007b,,`,
    ])
    expect(answer.status).toBe(422)
    // where else a name is taken is nobody's business here
    expect(told(answer)).toEqual([
      '2 username is already in use',
      '2 email already has an account',
      '3 username is already in use',
      '3 email already has an account',
      '4 username is already in use',
      '4 email already has an account',
      '5 groups has a group without a name: =lead',
      '5 roles has an unknown role "nobody"',
      '5 roles has an unknown role "superadmin"',
      '5 groups has an unknown group "Nowhere"',
      '6 email Enter an e-mail address like name@example.com',
      '7 username same as line 5',
      '7 email same as line 5',
      '8 last_name Remove the control character',
      '8 email same as line 5',
    ])
    expect(await state(org)).toEqual(before)
  })
})

describe('rights', () => {
  test('to make people are needed', async () => {
    await denied(viewer, 'user:create', () => upload(viewer, [person(unique('n'))]))
    expect((await as(viewer).get('/api/users/import')).status).toBe(403)
  })

  test('nobody gives a role that has more than they have, by name either', async () => {
    const strong = unique('strong')
    await makeRole(org, { name: strong, permissions: ['group:delete:all'] })
    const weak = unique('weak')
    await makeRole(org, { name: weak, permissions: ['user:read:all'] })
    const maker = await personWith(org, ['user:create:all', 'user:read:all', 'role:read:all'])
    const [a, b] = [unique('g'), unique('g')]
    const before = await state(org)
    const answer = await upload(maker, [person(a, strong), person(b, weak), person(`${b}x`, 'owner')])
    expect(told(answer)).toEqual([
      `2 roles has the role ${strong}, which grants permissions you don’t have`,
      '4 roles has the role owner, which grants permissions you don’t have',
    ])
    expect(await state(org)).toEqual(before)
    const lines = await trail(org, { request: answer.headers.get('x-request-id') as string })
    expect(lines).toMatchObject([
      {
        action: 'access:denied',
        actor_user_id: maker.id,
        data: { wanted: 'role:assign', path: '/users/import' },
      },
    ])
    expect((await upload(maker, [person(b, weak)])).status).toBe(200)
    expect((await upload(admin, [person(a, 'member')])).status).toBe(200)
    expect((await upload(admin, [person(`${a}x`, 'owner')])).status).toBe(422)
  })

  test('a name means only what whoever sends it may see', async () => {
    const blind = await personWith(org, ['user:create:all'])
    const answer = await upload(blind, [person(unique('s'), 'guest', await nameOf(group))])
    expect(told(answer)).toEqual([
      '2 roles has an unknown role "guest"',
      `2 groups has an unknown group "${await nameOf(group)}"`,
    ])
    const theirs = unique('Theirs')
    await makeGroup(foreigner.org, { name: theirs })
    const abroad = await upload(owner, [person(unique('s'), '', theirs)])
    expect(told(abroad)).toEqual([`2 groups has an unknown group "${theirs}"`])
  })

  test('whoever adds people to their own groups does so in every row', async () => {
    const [mine, other] = [await nameOf(group), await nameOf(elsewhere)]
    const [a, b] = [unique('m'), unique('m')]
    const before = await state(org)
    const answer = await upload(member, [
      person(a, '', mine),
      person(`${a}x`),
      person(`${a}y`, '', other),
      person(`${a}z`, '', `${mine}; ${other}`),
    ])
    expect(told(answer)).toEqual([
      '3 groups Enter at least one of your groups',
      `4 groups has an unknown group "${other}"`,
      '4 groups Enter at least one of your groups',
      `5 groups has an unknown group "${other}"`,
    ])
    expect(await state(org)).toEqual(before)
    expect((await upload(member, [person(b, '', mine)])).status).toBe(200)
    expect(await made([b])).toMatchObject([{ created_by: member.id, groups: [`${mine} member`] }])
  })

  test('a group that is seen is not yet one to add people to', async () => {
    const reader = await personWith(org, [...OF_GROUP, 'group:read:all'], { groups: [group] })
    const [mine, other] = [await nameOf(group), await nameOf(elsewhere)]
    const answer = await upload(reader, [person(unique('v'), '', `${mine}; ${other}`)])
    expect(told(answer)).toEqual([`2 groups has the group ${other}, to which you can’t add people`])
  })

  test('with a role and a place nobody gets more there than whoever gives them', async () => {
    const place = await makeOrganization()
    const [home, away] = [await makeGroup(place), await makeGroup(place)]
    const name = unique('local')
    await makeRole(place, { name, permissions: ['user:update:group'] })
    const codes = ['user:create:all', 'user:read:all', 'group:read:all', 'group:update:all', 'role:read:all']
    const giver = await personWith(place, [...codes, 'user:update:group'], { groups: [home] })
    const [a, b] = [unique('l'), unique('l')]
    const answer = await upload(giver, [
      person(a, name, await nameOf(home)),
      person(`${a}x`, name, await nameOf(away)),
      person(`${a}y`, name, await nameOf(away)),
      person(`${a}z`, '', await nameOf(away)),
    ])
    expect(told(answer)).toEqual(
      [3, 4].map(
        (line) => `${line} groups You can’t add them: in this group they could do more than you can.`,
      ),
    )
    expect((await upload(giver, [person(b, name, await nameOf(home))])).status).toBe(200)
    const everywhere = await makeUser(place, { roles: [roleOf(place, 'owner')] })
    expect((await upload(everywhere, [person(`${b}x`, name, await nameOf(away))])).status).toBe(200)
    expect(permissionOf(place, 'user:update:group')).toBeTruthy()
  })
})
