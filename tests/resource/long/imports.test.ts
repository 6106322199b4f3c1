import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import { trail } from '#tests/access/trail.ts'
import { as, browserOf, send } from '#tests/client.ts'
import { makeOrganization, sessionOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { app, HEAD, line, stored, type Told, told, upload } from '#tests/resource/import/files.ts'
import { atCode, losses, others } from '#tests/resource/long/work.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const RIGHT = 'licence:create'
const CHANGED = 'Your access changed while this was running. Nothing was saved.'

const rows = (count: number) =>
  `${HEAD}\n${Array.from({ length: count }, (_, n) => line(`L${n}`)).join('\n')}\n`
const denials = async ({ org }: Person) =>
  (await trail(org)).filter(({ action }) => action === 'access:denied').map(({ data }) => data)

describe('an import stops before it is kept, and nothing of it is, for somebody', () => {
  test.each(losses)('$name', async ({ who, happens }) => {
    const by = await who(RIGHT)
    const last = await atCode(by.org, 'L150')
    const answer = upload(by, rows(200))
    await last.reached()
    await happens(by, RIGHT)
    await last.letGo()
    expect((await answer).status).toBe(403)
    expect((await answer).json().detail).toBe(CHANGED)
    expect(await stored(by.org)).toEqual([])
    expect(await denials(by)).toMatchObject([{ path: '/api/v1/licences/import', wanted: RIGHT }])
  })

  test.each(others)('but not $name', async ({ who, happens }) => {
    const by = await who(RIGHT)
    const last = await atCode(by.org, 'L150')
    const answer = upload(by, rows(200))
    await last.reached()
    await happens(by, RIGHT)
    await last.letGo()
    expect((await answer).json<Told>()).toMatchObject({ imported: 200 })
    expect(await stored(by.org)).toHaveLength(200)
    expect(await denials(by)).toEqual([])
  })
})

describe('in the middle', () => {
  const disable = ({ id }: Person) =>
    here.owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute()
  const maker = async () => personWith(await makeOrganization(), [`${RIGHT}:all`])

  test('of many rows, it stops at the next of them', async () => {
    const by = await maker()
    const [first, second] = [await atCode(by.org, 'L10'), await atCode(by.org, 'L7000')]
    // not because a second has passed
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    try {
      const answer = upload(by, rows(8000))
      await first.reached()
      await disable(by)
      await first.letGo()
      expect((await answer).status).toBe(403)
    } finally {
      clock.mockRestore()
      await second.letGo()
    }
    expect(await stored(by.org)).toEqual([])
  })

  test('many rows come in where nothing happens', async () => {
    const by = await maker()
    const first = await atCode(by.org, 'L10')
    const answer = upload(by, rows(8000))
    await first.reached()
    await first.letGo()
    expect((await answer).json<Told>()).toMatchObject({ imported: 8000 })
  })

  test('of a check, nothing of what it found is told', async () => {
    const [by, stays] = [await maker(), await maker()]
    for (const [person, status] of [
      [by, 403],
      [stays, 200],
    ] as const) {
      const at = await atCode(person.org, 'L10')
      const answer = upload(person, rows(20), '?dry_run=true')
      await at.reached()
      if (person === by) await disable(by)
      await at.letGo()
      expect([(await answer).status, 'rows' in (await answer).json<object>()]).toEqual([
        status,
        status === 200,
      ])
    }
  })

  test('by another process, where somebody says so there', async () => {
    await using other = await here.anotherProcess()
    const by = await maker()
    const boss = await personWith(by.org, ['user:read:all', 'user:update:all', `${RIGHT}:all`])
    const at = await atCode(by.org, 'L10')
    const answer = upload(by, rows(20))
    await at.reached()
    const done = await as(boss, other.app).patch(`/api/v1/users/${by.id}`, { status: 'disabled' })
    expect(done.status).toBe(200)
    await at.letGo()
    expect((await answer).status).toBe(403)
    expect(await stored(by.org)).toEqual([])
  })

  test('a commit waits for whoever is just about to end it', async () => {
    const by = await maker()
    const at = await atCode(by.org, 'L10')
    const answer = upload(by, rows(20))
    await at.reached()
    const ending = await here.owner.startTransaction().execute()
    await sql`update users set status = 'disabled' where id = ${by.id}`.execute(ending)
    await at.letGo()
    const waits = sql`select from pg_stat_activity where query like '%for share%' and wait_event_type = 'Lock'
      and datname = current_database()`
    await expect.poll(async () => (await waits.execute(here.owner)).rows.length, { timeout: 5000 }).toBe(1)
    await ending.commit().execute()
    expect((await answer).status).toBe(403)
    expect(await stored(by.org)).toEqual([])
  })
})

describe('step by step', () => {
  type State = { status: string; report: { failure?: string; rows?: number } }
  async function kept(by: Person): Promise<string> {
    const headers = { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv' }
    const answer = await send('/api/v1/licences/imports', { method: 'POST', body: rows(200), headers }, app)
    return `/licences/imports/${answer.json<{ id: string }>().id}`
  }
  const stateOf = async (at: string) => {
    const { rows } = await sql<State>`select status, report from imports where id = ${at.slice(-36)}`.execute(
      here.owner,
    )
    return rows[0] as State
  }
  const ended = (at: string) =>
    expect.poll(async () => (await stateOf(at)).status, { timeout: 20_000, interval: 20 })

  test.each(['check', 'import'])('%s says why it stopped, to whoever signs in again', async (action) => {
    const by = await personWith(await makeOrganization(), [`${RIGHT}:all`])
    const at = await kept(by)
    const barrier = await atCode(by.org, 'L150')
    expect((await as(by, app).post(`/api${at}`, { action })).status).toBe(202)
    await barrier.reached()
    await here.owner
      .updateTable('sessions')
      .set({ revoked_at: sql`now()` })
      .where('id', '=', await sessionOf(by.token))
      .execute()
    await barrier.letGo()
    await ended(at).toBe('failed')
    expect((await stateOf(at)).report).toEqual({ failure: CHANGED })
    expect(await stored(by.org)).toEqual([])
    expect(await denials(by)).toMatchObject([{ path: '/licences', wanted: RIGHT }])
    expect((await as(by, app).get(`/api${at}`)).status).toBe(401)
    // a browser’s session is another one
    expect((await browserOf(by, app).get(at)).text).toContain(CHANGED)
  })

  test('both end well where nothing happens', async () => {
    const by = await personWith(await makeOrganization(), [`${RIGHT}:all`])
    const at = await kept(by)
    for (const [action, status] of [
      ['check', 'checked'],
      ['import', 'imported'],
    ] as const) {
      await as(by, app).post(`/api${at}`, { action })
      await ended(at).toBe(status)
    }
    expect(await stored(by.org)).toHaveLength(200)
  })
})

test('a file that broke off is not taken', async () => {
  const by = await personWith(await makeOrganization(), [`${RIGHT}:all`])
  const answer = await upload(by, `${rows(3)}# Export stopped: your access changed.\r\n`)
  expect([answer.status, told(answer)]).toEqual([422, ['5 the export stopped here: export the file again']])
  expect(await stored(by.org)).toEqual([])
  expect((await upload(by, rows(3))).json<Told>()).toMatchObject({ imported: 3 })
})
