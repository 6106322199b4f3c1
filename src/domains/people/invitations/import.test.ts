import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import type { ImportReport } from '#src/resource/import/import.ts'
import { state, trail } from '#tests/access/trail.ts'
import { type Answer, as, send } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { invite, newEmail } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, colleague } = await makePeople()
const api = (path: string) => `/api/v1${path}`

const upload = (by: Person, rows: readonly string[], head = 'email,roles,group') =>
  send(api('/invitations/import'), {
    method: 'POST',
    body: `${head}\n${rows.join('\n')}\n`,
    headers: { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv' },
  })
const told = (answer: Answer) =>
  answer
    .json<{ errors: ImportReport['errors'] }>()
    .errors.map(({ line, column, message }) => [line, column, message].filter(Boolean).join(' '))
const stored = (place: { id: string }, email: string) =>
  past
    .selectFrom('invitations')
    .where('org_id', '=', place.id)
    .where('email', '=', email)
    .selectAll()
    .executeTakeFirst()

describe('invitations from a file', () => {
  test('name roles and groups as people do, and each gets a mail', async () => {
    const name = unique('Night')
    const team = await makeGroup(org, { name, kind: 'team' })
    await makeGroup(org, { name, kind: 'department' })
    const [a, b, c] = [newEmail(), newEmail(), newEmail()]
    const answer = await upload(owner, [
      `${a.toUpperCase()},Member; viewer,team:${name.toUpperCase()}`,
      `${b},,`,
      `${c},operator,`,
    ])
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json()).toMatchObject({ imported: 3, rows: 3, error_count: 0 })
    expect(await stored(org, a)).toMatchObject({
      role_ids: [roleOf(org, 'member'), roleOf(org, 'viewer')],
      group_id: team,
      invited_by: owner.id,
    })
    for (const email of [a, b, c]) expect(await mailTo(email)).toHaveLength(1)
    const lines = await trail(org, { request: answer.headers.get('x-request-id') as string })
    expect(lines.map(({ action }) => action)).toEqual(Array(3).fill('invitation:create'))
  })

  test('come all or not at all, with everything that is wrong', async () => {
    const known = await invite(owner)
    const twice = newEmail()
    const name = unique('Twin')
    for (const kind of ['team', 'department'] as const) await makeGroup(org, { name, kind })
    const before = await state(org)
    const rows = [
      `${newEmail()},member,`,
      'nobody,,',
      `${known.email},,`,
      `${colleague.email},,`,
      `${twice},,`,
      `${twice},,`,
      `${newEmail()},Nonsense,`,
      `${newEmail()},,Nowhere`,
      `${newEmail()},,${name}`,
    ]
    const answer = await upload(owner, rows)
    expect(answer.status).toBe(422)
    expect(told(answer)).toEqual([
      '3 email Enter an e-mail address like name@example.com',
      '4 email is already invited',
      '5 email is already a member',
      `7 email same as line 6`,
      '8 roles has an unknown name "Nonsense"',
      '9 group has an unknown name "Nowhere"',
      `10 group has "${name}", which matches several`,
    ])
    expect(await state(org)).toEqual(before)
    expect(await mailTo(twice)).toEqual([])
  })

  test('give no more than who brings them has; the attempt is in the trail', async () => {
    const weak = await personWith(org, ['invitation:create:all', 'role:read:all', 'group:read:all'])
    const plain = unique('Plain')
    await makeRole(org, { name: plain })
    const groupName = unique('Group')
    await makeGroup(org, { name: groupName })
    const before = await state(org)
    for (const row of [`${newEmail()},admin,`, `${newEmail()},,${groupName}`]) {
      const refused = await upload(weak, [row])
      expect(refused.status, refused.text).toBe(422)
      const lines = await trail(org, { request: refused.headers.get('x-request-id') as string })
      expect(lines).toMatchObject([{ action: 'access:denied' }])
    }
    expect(await state(org)).toEqual(before)
    const email = newEmail()
    expect((await upload(weak, [`${email},${plain},`])).status).toBe(200)
    expect((await upload(colleague, [`${newEmail()},,`])).status).toBe(403)
  })

  test('come from what was exported, without loss', async () => {
    const [from, to] = [await makeOrganization(), await makeOrganization()]
    const [giver, taker] = [from, to].map((place) => makeUser(place, { roles: [roleOf(place, 'owner')] }))
    const chief = (await giver) as Person
    const other = (await taker) as Person
    const name = `=Über, “${unique('x')}”`
    const [group] = [
      await makeGroup(from, { name, kind: 'warehouse' }),
      await makeGroup(to, { name, kind: 'warehouse' }),
    ]
    await makeGroup(to, { name, kind: 'team' })
    const emails = [newEmail(), newEmail(), `+plus-${unique('')}@example.com`]
    await invite(chief, {
      email: emails[0],
      role_ids: [roleOf(from, 'member'), roleOf(from, 'guest')],
      group_id: group,
    })
    await invite(chief, { email: emails[1] })
    await invite(chief, { email: emails[2], role_ids: [roleOf(from, 'owner')] })
    const file = await as(chief).get(`${api(paths.invitations)}?format=csv`)
    expect(file.headers.get('content-type')).toContain('text/csv')
    const answer = await send(api('/invitations/import'), {
      method: 'POST',
      body: file.text,
      headers: { Authorization: `Bearer ${other.token}`, 'Content-Type': 'text/csv' },
    })
    expect(answer.json(), answer.text).toMatchObject({ imported: 3, error_count: 0 })
    const named = async (place: { id: string }, email: string) => {
      const row = await stored(place, email)
      const roles = past
        .selectFrom('roles')
        .where('id', 'in', row?.role_ids.length ? row.role_ids : [place.id])
      const groups = past.selectFrom('groups').where('id', '=', row?.group_id ?? place.id)
      const names = await roles.select('name').orderBy('name').execute()
      return [names, await groups.select(['name', 'kind']).execute(), row?.status]
    }
    for (const email of emails) expect(await named(to, email)).toEqual(await named(from, email))
  })

  test('have a template', async () => {
    const answer = await as(owner).get(api('/invitations/import'), { Accept: 'text/csv' })
    expect(answer.text).toBe(
      'email,roles,group,status,user_id\r\nada@example.com,member; viewer,team:Night,pending,\r\n',
    )
  })
})
