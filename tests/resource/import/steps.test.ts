import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { hidden, trail } from '#tests/access/trail.ts'
import { type Answer, as, type Browser, browserOf, send } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { app, HEAD, line, logged, stored } from '#tests/resource/import/files.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, foreigner } = await makePeople()

type State = {
  id: string
  name: string
  status: string
  done: number
  total: number
  report: { rows?: number; error_count?: number; errors?: unknown[]; failure?: string }
}

/** Posts a file as a page's form does. */
function post(browser: Browser, content: string | Buffer, name = 'licences.csv', path = '/licences/imports') {
  const form = new FormData()
  form.append('csrf_token', browser.formToken)
  if (name) form.append('file', new Blob([content as string], { type: 'text/csv' }), name)
  const cookie = [...browser.cookies].map(([key, value]) => `${key}=${value}`).join('; ')
  const headers = { Cookie: cookie, Origin: 'http://localhost', Accept: 'text/html' }
  return send(`http://localhost${path}`, { method: 'POST', body: form, headers }, app)
}

async function uploaded(by: Person, content: string, name?: string): Promise<string> {
  const answer = await post(browserOf(by, app), content, name)
  expect(answer.status, answer.text).toBe(303)
  const location = answer.headers.get('location') ?? ''
  expect(location).toMatch(/^\/licences\/imports\/[0-9a-f-]{36}$/)
  return location
}

const state = async (by: Person, at: string) => (await as(by, app).get(`/api${at}`)).json<State>()

/** Until nobody works on it any more. */
async function ended(by: Person, at: string): Promise<State> {
  for (let tries = 0; tries < 400; tries++) {
    const now = await state(by, at)
    if (!['checking', 'importing'].includes(now.status)) return now
    await sleep(25)
  }
  throw new Error('the work does not end')
}

const step = (by: Person, at: string, action: string, more: Record<string, string> = {}) =>
  as(by, app).post(`/api${at}`, { action, ...more })
const rows = (code: string, count: number) =>
  `${HEAD}\n${Array.from({ length: count }, (_, n) => line(`${code}-${n}`)).join('\n')}\n`
const codes = async (code: string, of = org) =>
  (await stored(of)).filter((row) => row.code.startsWith(code)).length

describe('by forms, without a script', () => {
  const browser = browserOf(owner, app)

  test('a file goes in: columns chosen, checked, imported', async () => {
    const code = unique('P')
    const page = await browser.get('/licences/import')
    expect(page.text).toContain('action="/licences/imports"')
    expect(page.text).toContain('href="/licences/import?format=csv"')
    expect(page.text).toContain('CSV, up to 64 MB, 200,000 rows')

    const file = `Key;${HEAD.split(',').slice(1).join(';')};Junk\n${line(code).replaceAll(',', ';')};<b>x\n`
    const at = await uploaded(owner, file, 'my licences.csv')
    const mapping = await browser.get(at)
    expect(mapping.text).toContain('my licences.csv')
    expect(mapping.text).toMatch(/name="column_1".*<option value="seats" selected="">/)
    expect(mapping.text.match(/ selected=""/g)).toHaveLength(3)
    expect(mapping.text).toContain('&lt;b&gt;x')
    expect(mapping.text).not.toContain('<b>x')

    const chosen = {
      action: 'check',
      column_0: '',
      column_1: 'seats',
      column_2: 'expires',
      column_3: 'seats',
    }
    const wrong = await browser.post(at, { ...chosen, column_4: '' })
    expect(wrong.status).toBe(422)
    for (const words of [
      'Choose a column for Code.',
      'Choose one column for Seats',
      'Choose a column for Contact.',
    ])
      expect(wrong.text).toContain(words)
    expect(wrong.text).toMatch(/name="column_3".*?<option value="seats" selected="">/)
    expect((await state(owner, at)).status).toBe('waiting')

    const checking = await browser.post(at, { ...chosen, column_0: 'code', column_3: 'contact' })
    expect([checking.status, checking.headers.get('location')]).toEqual([303, at])
    expect(await ended(owner, at)).toMatchObject({
      name: 'my licences.csv',
      status: 'checked',
      done: 1,
      total: 1,
      report: { rows: 1, error_count: 0, errors: [], ignored_columns: ['Junk'] },
    })
    expect(await codes(code)).toBe(0)
    const report = await browser.get(at)
    expect(report.text).toContain('1 row ready')
    expect(report.text).toContain('Not imported: Junk.')
    expect(report.text).toContain('Import 1 licence')
    expect((await browser.get(`${at}?step=columns`)).text).toMatch(/name="column_0".*?value="code" selected/)

    const importing = await browser.post(at, { action: 'import' })
    expect([importing.status, importing.headers.get('location')]).toEqual([303, at])
    expect(await ended(owner, at)).toMatchObject({ status: 'imported', report: { rows: 1 } })
    expect(await codes(code)).toBe(1)
    const done = await browser.get(at)
    expect(done.text).toContain('1 licence imported')
    expect(done.text).toContain('href="/licences"')
    const again = await browser.post(at, { action: 'import' })
    expect(again.status).toBe(409)
    const kept = await sql<{ size: number }>`
      select length(content) as size from imports where id = ${at.slice(-36)}`.execute(past)
    expect(kept.rows).toEqual([{ size: 0 }])
  })

  test('what is wrong stands there with line, column as the file calls it, value and message', async () => {
    const at = await uploaded(owner, `Key,Seats,expires,contact\nX,many,2030-01-01,a@example.com\n`)
    const chosen = { column_0: 'code', column_1: 'seats', column_2: 'expires', column_3: 'contact' }
    await browser.post(at, { action: 'check', ...chosen })
    expect(await ended(owner, at)).toMatchObject({
      status: 'checked',
      report: {
        error_count: 1,
        errors: [{ line: 2, column: 'seats', value: 'many', message: 'Enter a whole number from 1 to 1000' }],
      },
    })
    const report = await browser.get(at)
    expect(report.text).toContain('1 error: fix it and upload again.')
    for (const words of ['Line 2', 'Seats', 'many', 'Enter a whole number from 1 to 1000'])
      expect(report.text).toContain(words)
    expect(report.text).not.toContain('value="import"')
    // asked for all the same, it looks again and keeps nothing
    await browser.post(at, { action: 'import' })
    expect(await ended(owner, at)).toMatchObject({ status: 'checked', report: { error_count: 1 } })
  })

  test.each([
    ['no file', '', ''],
    ['an empty file', '', 'a.csv'],
    ['another encoding', Buffer.from('\uFEFFcode\n', 'utf16le'), 'a.csv'],
  ])('%s brings the form again', async (_, content, name) => {
    const answer = await post(browser, content, name)
    expect([answer.status, answer.text.includes('id="file-error"')]).toEqual([422, true])
  })
})

describe('while work goes on', () => {
  test('the page looks every second, and says how far it is', async () => {
    const at = await uploaded(owner, rows(unique('S'), 3))
    await sql`update imports set status = 'importing', run = ${owner.id}, done = 2, updated_at = now()
      where id = ${at.slice(-36)}`.execute(past)
    const page = await browserOf(owner, app).get(at)
    expect(page.text).toMatch(new RegExp(`hx-get="${at}" hx-trigger="every 1s" hx-target="#import"`))
    expect(page.text).toContain('2 of 3 rows')
    expect(page.text).toContain(`<a class="without-script" href="${at}">`)
    for (const action of ['check', 'import']) expect((await step(owner, at, action)).status).toBe(409)
    const part = await browserOf(owner, app).get(at, { 'hx-request-type': 'partial' })
    expect(part.text).toContain('id="import"')
  })

  test('whoever is not heard of for half a minute has stopped; it can be tried again', async () => {
    const code = unique('S')
    const at = await uploaded(owner, rows(code, 3))
    await sql`alter table imports disable trigger stamp`.execute(past)
    await sql`update imports set status = 'importing', run = ${owner.id}, updated_at = now() - interval '31 seconds'
      where id = ${at.slice(-36)}`.execute(past)
    await sql`alter table imports enable trigger stamp`.execute(past)
    expect((await state(owner, at)).status).toBe('stopped')
    const page = await browserOf(owner, app).get(at)
    expect(page.text).toContain('The import was interrupted. Nothing was imported.')
    expect(page.text).not.toContain('hx-trigger="every')
    expect((await browserOf(owner, app).post(at, { action: 'check' })).status).toBe(303)
    expect((await ended(owner, at)).status).toBe('checked')
    expect((await step(owner, at, 'import')).status).toBe(202)
    expect(await ended(owner, at)).toMatchObject({ status: 'imported' })
    expect(await codes(code)).toBe(3)
  })

  test('a lost connection leaves nothing, and says so', async () => {
    const big = await makeOrganization()
    const boss = await makeUser(big, { roles: [roleOf(big, 'owner')] })
    const code = unique('S')
    const at = await uploaded(boss, rows(code, 12_000))
    await step(boss, at, 'import')
    const writers = sql<{ done: boolean }>`select pg_terminate_backend(pid) as done from pg_stat_activity
      where query like '%insert into%licences%' and state <> 'idle' and pid <> pg_backend_pid() and datname = current_database()`
    while (!(await writers.execute(past)).rows.length) await sleep(2)
    expect(await ended(boss, at)).toMatchObject({
      status: 'failed',
      report: { failure: 'Something went wrong. Nothing was imported.' },
    })
    expect(await codes(code, big)).toBe(0)
    expect(logged).toEqual(['import failed'])
    expect((await browserOf(boss, app).get(at)).text).toContain('Try again')
    await step(boss, at, 'import')
    expect(await ended(boss, at)).toMatchObject({ status: 'imported', done: 12_000, total: 12_000 })
    expect(await codes(code, big)).toBe(12_000)
    const made = (await trail(big)).filter(({ action }) => action === 'licence:create')
    expect(made).toHaveLength(12_000)
  }, 120_000)

  test('whoever was taken for dead keeps nothing', async () => {
    const code = unique('S')
    const at = await uploaded(owner, rows(code, 3000))
    await step(owner, at, 'import')
    await sql`update imports set run = ${owner.id} where id = ${at.slice(-36)}`.execute(past)
    await sleep(2500)
    expect(await codes(code)).toBe(0)
    expect((await state(owner, at)).status).toBe('importing')
  }, 30_000)
})

describe('somebody’s import', () => {
  const attempts: [string, (by: Person, at: string) => Promise<Answer>][] = [
    ['looked at as JSON', (by, at) => as(by, app).get(`/api${at}`)],
    ['looked at', (by, at) => browserOf(by, app).get(at)],
    ['checked', (by, at) => step(by, at, 'check')],
    ['imported', (by, at) => browserOf(by, app).post(at, { action: 'import' })],
  ]

  test.each(attempts)('%s by anybody else is a 404', async (_, attempt) => {
    const at = await uploaded(owner, rows(unique('X'), 1))
    const same = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    for (const by of [same, foreigner]) await hidden(by, () => attempt(by, at))
    // nor beneath another entity
    await hidden(owner, () => attempt(owner, at.replace('/licences/', '/memos/')))
    expect((await attempt(owner, at)).status).toBeLessThan(400)
    await ended(owner, at)
  })

  test('is theirs as long as they may make records', async () => {
    const maker = await personWith(org, ['licence:create:all'])
    const at = await uploaded(maker, rows(unique('X'), 1))
    expect((await state(maker, at)).status).toBe('waiting')
    await sql`delete from user_roles where user_id = ${maker.id}`.execute(past)
    await expect.poll(async () => (await as(maker, app).get(`/api${at}`)).status).toBe(403)
    for (const [, attempt] of attempts) expect((await attempt(maker, at)).status).toBe(403)
    expect((await post(browserOf(maker, app), rows('x', 1))).status).toBe(403)
  })

  test('waits for a day, five at a time', async () => {
    const many = await personWith(org, ['licence:create:all'])
    const places: string[] = []
    for (let n = 0; n < 7; n++) places.push(await uploaded(many, rows(unique('X'), 1)))
    const found = await Promise.all(places.map(async (at) => (await as(many, app).get(`/api${at}`)).status))
    expect(found).toEqual([404, 404, 200, 200, 200, 200, 200])
    await sql`update imports set created_at = now() - interval '25 hours' where user_id = ${many.id}`.execute(
      past,
    )
    const other = await personWith(org, ['licence:create:all'])
    await uploaded(other, rows(unique('X'), 1))
    const left = await sql`select from imports where user_id = ${many.id}`.execute(past)
    expect(left.rows).toEqual([])
  })

  test('by a program: kept, checked, imported', async () => {
    const code = unique('X')
    const kept = await send(
      '/api/v1/licences/imports',
      {
        method: 'POST',
        body: rows(code, 2),
        headers: { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'text/csv' },
      },
      app,
    )
    const { id, status, total } = kept.json<State>()
    expect([kept.status, kept.headers.get('location'), status, total]).toEqual([
      201,
      `/api/v1/licences/imports/${id}`,
      'waiting',
      2,
    ])
    const at = `/licences/imports/${id}`
    for (const [column, field] of [
      ['column_9', 'code'],
      ['column_0', 'nonsense'],
      ['column_x', 'code'],
    ] as const)
      expect((await step(owner, at, 'check', { [column]: field })).status).toBe(422)
    expect((await step(owner, at, 'eat')).status).toBe(422)
    const begun = await step(owner, at, 'import')
    expect([begun.status, begun.json<State>().id]).toEqual([202, id])
    expect(await ended(owner, at)).toMatchObject({ status: 'imported', done: 2, total: 2 })
    expect(await codes(code)).toBe(2)
  })
})
