import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { trail } from '#tests/access/trail.ts'
import { as, type Program, send } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, sessionOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { app, HEAD, line, stored } from '#tests/resource/import/files.ts'
import { atCode, atRow, barrier, losses, others } from '#tests/resource/long/work.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
const RIGHT = 'licence:delete'
const CHANGED = 'Your access changed while this was running. Nothing was saved.'

/** Licences of the group that somebody is in, if any; their ids in the order in which many are written. */
async function fill({ org, id }: Person, count: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into licences (org_id, code, seats, expires, contact, owner_group_id)
    select ${org.id}, 'B' || n, 1, '2030-01-01', 'a@example.com',
      (select group_id from group_members where user_id = ${id})
    from generate_series(1, ${count}::int) n returning id`.execute(owner)
  return rows.map((row) => row.id).sort()
}
const there = async ({ org }: Person) => (await stored(org)).filter(({ deleted_at }) => !deleted_at).length
const end = ({ id }: Person) =>
  owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute()
const denials = async ({ org }: Person) =>
  (await trail(org)).filter(({ action }) => action === 'access:denied').map(({ data }) => data)
const deleteAll = (by: Person, ids: readonly string[]) =>
  as(by, app).post('/api/v1/licences/bulk', { action: 'delete', ids })

describe('of many, none is done for somebody', () => {
  test.each(losses)('$name', async ({ who, happens }) => {
    const by = await who(RIGHT)
    const ids = await fill(by, 60)
    const last = await atRow('licences', ids[50] as string)
    const answer = deleteAll(by, ids)
    await last.reached()
    await happens(by, RIGHT)
    await last.letGo()
    expect([(await answer).status, (await answer).json().detail]).toEqual([403, CHANGED])
    expect(await there(by)).toBe(60)
    expect(await denials(by)).toMatchObject([{ path: '/api/v1/licences/bulk', wanted: RIGHT }])
  })

  test.each(others)('but not $name', async ({ who, happens }) => {
    const by = await who(RIGHT)
    const ids = await fill(by, 60)
    const last = await atRow('licences', ids[50] as string)
    const answer = deleteAll(by, ids)
    await last.reached()
    await happens(by, RIGHT)
    await last.letGo()
    expect((await answer).json()).toMatchObject({ done: 60, refused: 0 })
    expect(await there(by)).toBe(0)
  })
})

test('a thousand that take long stop within a second, not at their end', async () => {
  const by = await personWith(await makeOrganization(), [`${RIGHT}:all`])
  const ids = await fill(by, 1000)
  const [first, second] = [
    await atRow('licences', ids[10] as string),
    await atRow('licences', ids[20] as string),
  ]
  try {
    const answer = deleteAll(by, ids)
    await first.reached()
    await end(by)
    await sleep(1000)
    await first.letGo()
    expect((await answer).status).toBe(403)
  } finally {
    await second.letGo()
  }
  expect(await there(by)).toBe(1000)
})

test('what somebody changes of their own access by it is no reason to stop', async () => {
  const org = await makeOrganization()
  const by = await personWith(org, ['session:read:all', 'session:delete:all'])
  const people = [by, await makeUser(org), await makeUser(org)]
  const ids = await Promise.all(people.map(({ token }) => sessionOf(token)))
  const answer = await as(by, app).post('/api/v1/sessions/bulk', { action: 'end', ids })
  expect(answer.json()).toMatchObject({ done: 3, refused: 0 })
  await expect.poll(async () => (await as(by, app).get('/api/v1/sessions')).status).toBe(401)
})

test('of two who disable each other, one does', async () => {
  const org = await makeOrganization()
  await makeUser(org, { roles: [org.roles.get('owner') as string] })
  for (let round = 0; round < 10; round++) {
    const pair = (await Promise.all(
      [1, 2].map(() => personWith(org, ['user:read:all', 'user:update:all'])),
    )) as [Person, Person]
    const disable = (by: Program, { id }: Person) =>
      by.post('/api/v1/users/bulk', { action: 'disable', ids: [id] })
    const answers = await Promise.all([
      disable(as(pair[0], app), pair[1]),
      disable(as(pair[1], app), pair[0]),
    ])
    const done = answers.filter(({ status }) => status === 200)
    expect(done.map((answer) => answer.json())).toMatchObject([{ done: 1, refused: 0 }])
    const { rows } =
      await sql`select from users where status = 'active' and id in (${pair[0].id}, ${pair[1].id})`.execute(
        owner,
      )
    expect(rows).toHaveLength(1)
  }
})

test('invitations of many are sent by nobody who may no longer send them', async () => {
  const org = await makeOrganization()
  const role = await makeRole(org)
  const invites = async (loses: boolean) => {
    const by = await personWith(org, ['invitation:create:all', 'role:assign:all'])
    const at = await barrier((tx) => sql`select from roles where id = ${role} for update`.execute(tx))
    const emails = [1, 2, 3].map((n) => `${by.username}${n}@example.com`)
    const answer = as(by, app).post('/api/v1/invitations/many', { emails, role_ids: [role], group_id: null })
    await at.reached()
    if (loses) await end(by)
    await at.letGo()
    const { status } = await answer
    const { rows } = await sql`select from mails where recipient like ${`${by.username}%`}`.execute(owner)
    return [status, rows.length]
  }
  expect(await invites(true)).toEqual([403, 0])
  expect(await invites(false)).toEqual([200, 3])
})

test('one write that waited long is not kept for somebody who left meanwhile', async () => {
  const org = await makeOrganization()
  const make = async (loses: boolean) => {
    const by = await personWith(org, ['licence:create:all'])
    const at = await atCode(org, by.username)
    const body = { code: by.username, seats: 1, expires: '2030-01-01', contact: 'a@example.com' }
    const answer = as(by, app).post('/api/v1/licences', body)
    await at.reached()
    if (loses) await end(by)
    await sleep(1000)
    await at.letGo()
    return [(await answer).status, (await stored(org)).filter(({ code }) => code === by.username).length]
  }
  expect(await make(true)).toEqual([403, 0])
  expect(await make(false)).toEqual([201, 1])
})

test('what one statement waited for is the last that is read for somebody who left meanwhile', async () => {
  const org = await makeOrganization()
  const search = async (loses: boolean) => {
    const by = await personWith(org, ['licence:read:all'])
    const at = await barrier((tx) => sql`lock table search_words in access exclusive mode`.execute(tx))
    const answer = as(by, app).get('/api/v1/licences?q=anything')
    await at.reached()
    if (loses) await end(by)
    await sleep(1000)
    await at.letGo()
    return (await answer).status
  }
  expect([await search(true), await search(false)]).toEqual([403, 200])
})

describe('a body that comes slowly is not taken from somebody who left meanwhile', () => {
  const json = 'application/json'
  const bodies: [string, string, string, number, (by: Person) => readonly [string, string]][] = [
    ['a write', '/licences/import', 'text/csv', 200, ({ username }) => [HEAD, `\n${line(username)}\n`]],
    ['a question', '/access/check', json, 200, () => ['{"questions":[', '{"permission":"user:read"}]}']],
    ['a proof', '/auth/confirm', json, 204, () => ['{"password":', `"${PASSWORD}"}`]],
  ]
  test.each(bodies)('%s', async (_, path, type, done, parts) => {
    const org = await makeOrganization()
    const slow = async (loses: boolean) => {
      const by = await personWith(org, ['licence:create:all'])
      const [first, rest] = parts(by)
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(Buffer.from(first))
          await sleep(1050)
          if (loses) await end(by)
          controller.enqueue(Buffer.from(rest))
          controller.close()
        },
      })
      const headers = { Authorization: `Bearer ${by.token}`, 'Content-Type': type }
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      return (await send(`/api/v1${path}`, init, app)).status
    }
    expect([await slow(true), await slow(false)]).toEqual([403, done])
    expect((await stored(org)).length).toBe(path === '/licences/import' ? 1 : 0)
  })
})
