import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { trail } from '#tests/access/trail.ts'
import { as, send } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import {
  app,
  HEAD,
  line,
  type Stored,
  stored,
  type Told,
  told,
  upload,
} from '#tests/resource/import/files.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, group, elsewhere, owner, foreigner } = await makePeople()

describe('rights', () => {
  test('are those of a new record: without them nothing is even read', async () => {
    const looker = await personWith(org, ['licence:read:all', 'licence:update:all'])
    const answer = await upload(looker, 'nonsense')
    expect(answer.status).toBe(403)
    expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toMatchObject([
      { action: 'access:denied', data: { wanted: 'licence:create' } },
    ])
    expect((await as(looker, app).get('/api/licences/import')).status).toBe(403)
  })

  test('hold for each row: every one that is placed elsewhere is told, and once noted', async () => {
    const member = await personWith(org, ['licence:create:group'], { groups: [group] })
    const [one, two] = [unique('R'), unique('R')]
    const head = `${HEAD},owner_group_id,owner_user_id`
    const rows = [`,${elsewhere},`, ',,', `,${group},${owner.id}`, `,${group},${member.id}`]
    const file = [head, ...rows.map((more, n) => line(`${one}${n}`, more))].join('\n')
    const answer = await upload(member, file)
    expect([answer.status, told(answer)]).toEqual([
      422,
      ['2 You can’t put a record there.', '4 You can’t put a record there.'],
    ])
    expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toMatchObject([
      { action: 'access:denied', data: { wanted: 'licence:create', path: '/licences/import' } },
    ])
    expect((await stored(org)).filter(({ code }) => code.startsWith(one))).toEqual([])

    const right = await upload(member, [head, line(two, ',,')].join('\n'))
    expect(right.status, right.text).toBe(200)
    expect((await stored(org)).filter(({ code }) => code === two)).toMatchObject([
      { owner_group_id: group, created_by: member.id },
    ])
  })

  test('hold for the rows as they will be, whatever makes them somebody’s', async () => {
    const reviewer = await personWith(org, ['review:create:own'])
    const code = unique('V')
    const rows = [reviewer.id, owner.id, '', reviewer.id].map((id, n) => line(`${code}${n}`, `,${id}`))
    const send = (some: string[]) =>
      upload(reviewer, `${HEAD},reviewer_id\n${some.join('\n')}\n`, '', {}, '/reviews')
    const answer = await send(rows)
    expect([answer.status, told(answer)]).toEqual([
      422,
      ['3 You can’t put a record there.', '4 You can’t leave a record where you can’t reach it.'],
    ])
    expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toMatchObject([
      { action: 'access:denied', data: { wanted: 'review:create' } },
    ])
    expect((await stored(org)).filter((row) => row.code.startsWith(code))).toEqual([])
    expect((await send([rows[0] as string])).status).toBe(200)
    expect((await stored(org)).filter((row) => row.code.startsWith(code))).toHaveLength(1)
  })

  test('are of one organization: what another one has is neither named nor touched', async () => {
    const code = unique('O')
    const theirs = await makeGroup(foreigner.org)
    expect((await upload(foreigner, `${HEAD}\n${line(code)}\n`)).status).toBe(200)
    const before = await stored(foreigner.org)
    expect((await upload(owner, `${HEAD}\n${line(code)}\n`)).json<Told>().imported).toBe(1)
    const answer = await upload(owner, `${HEAD},owner_group_id\n${line(unique('O'), `,${theirs}`)}\n`)
    expect(told(answer)).toEqual(['2 owner_group_id doesn’t exist, or you don’t have access'])
    expect(await stored(foreigner.org)).toEqual(before)
  })
})

describe('all of a file is kept, or nothing', () => {
  test('though it be many rows, in the trail with who and by which request', async () => {
    const big = await makeOrganization()
    const boss = await makeUser(big, { roles: [roleOf(big, 'owner')] })
    const rows = Array.from({ length: 6000 }, (_, n) => line(`M${n}`))
    const last = `${line('M10')}\n`
    const refused = await upload(boss, `${HEAD}\n${rows.join('\n')}\n${last}`)
    console.log(refused.status, refused.text.slice(0, 500))
    expect(told(refused)).toEqual(['6002 code same as line 12'])
    expect(await stored(big)).toEqual([])
    const dry = await upload(boss, `${HEAD}\n${rows.join('\n')}\n`, '?dry_run=true')
    expect(dry.json<Told>()).toMatchObject({ dry_run: true, imported: 0, rows: 6000, error_count: 0 })
    expect(await stored(big)).toEqual([])
    const answer = await upload(boss, `${HEAD}\n${rows.join('\n')}\n`)
    expect(answer.json<Told>().imported).toBe(6000)
    expect(await stored(big)).toHaveLength(6000)
    const events = await trail(big, { request: answer.headers.get('x-request-id') as string })
    expect(events).toHaveLength(6000)
    expect(events[0]).toMatchObject({ action: 'licence:create', actor_user_id: boss.id, via: 'api' })
    const again = await upload(boss, `${HEAD}\n${rows.join('\n')}\n`, '?dry_run=true')
    expect(again.json<Told>()).toMatchObject({ error_count: 6000, rows: 6000 })
  }, 120_000)

  test('two at once with the same names: one comes in, the other is told', async () => {
    const both = await makeOrganization()
    const boss = await makeUser(both, { roles: [roleOf(both, 'owner')] })
    const file = `${HEAD}\n${Array.from({ length: 300 }, (_, n) => line(`T${n}`)).join('\n')}\n`
    const answers = await Promise.all([1, 2, 3].map(() => upload(boss, file)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status } of answers) expect([200, 409, 422]).toContain(status)
    expect(await stored(both)).toHaveLength(300)
  })

  test('once for a key, and told alike the second time', async () => {
    const code = unique('K')
    const send = (file: string) => upload(owner, file, '', { 'Idempotency-Key': code })
    const first = await send(`${HEAD}\n${line(code)}\n`)
    const second = await send(`${HEAD}\n${line(code)}\n`)
    expect([first.status, second.text]).toEqual([200, first.text])
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect((await stored(org)).filter((row) => row.code === code)).toHaveLength(1)
    expect((await send(`${HEAD}\n${line(`${code}other`)}\n`)).status).toBe(422)
  })
})

describe('an entity with an action of its own', () => {
  const byAction = (file: string, query = '') =>
    send(
      `/api/handmade/import${query}`,
      {
        method: 'POST',
        body: file,
        headers: { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'text/csv' },
      },
      app,
    )
  const seats = (code: string, count: number) => `${code},${count},2030-01-01,a@example.com`

  test('has each row made by it', async () => {
    const code = unique('H')
    const answer = await byAction(`${HEAD}\n${seats(`${code}a`, 1)}\n${seats(`${code}b`, 2)}\n`)
    expect(answer.json<Told>()).toMatchObject({ imported: 2 })
    const made = (await stored(org)).filter((row) => row.code.startsWith(code))
    expect(made.map((row) => row.seats)).toEqual([2, 3])
  })

  test('has the refusals of each row told, and keeps none', async () => {
    const [code, there] = [unique('H'), unique('H')]
    await upload(owner, `${HEAD}\n${line(there)}\n`)
    const before = await stored(org)
    const rows = [seats(code, 1), seats(`${code}x`, 13), seats(there, 2), seats(code, 3), seats('', 13)]
    const answer = await byAction(`${HEAD}\n${rows.join('\n')}\n`)
    expect([answer.status, told(answer)]).toEqual([
      422,
      ['3 Thirteen brings bad luck.', '4 code is taken', '5 code is taken', '6 code Enter a code'],
    ])
    expect(await stored(org)).toEqual(before)
    expect((await byAction(`${HEAD}\n${seats(code, 1)}\n`, '?dry_run=true')).json<Told>()).toMatchObject({
      imported: 0,
      rows: 1,
      error_count: 0,
    })
    expect(await stored(org)).toEqual(before)
  })
})

test('whatever a record holds goes out and in again without loss', async () => {
  const short = fc.string({ unit: 'grapheme', maxLength: 30 })
  const printable = (text: string) =>
    text
      .normalize()
      .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
      .trim()
  const record = fc.record({
    plan: fc.constantFrom('basic', 'team', 'all'),
    seats: fc.integer({ min: 1, max: 1000 }),
    expires: fc
      .date({ min: new Date('0002-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10)),
    active: fc.boolean(),
    reviewer_id: fc.constantFrom(null, 'reviewer'),
    remarks: fc
      .array(fc.oneof(short, fc.constantFrom('=1+1', "'", "''=", '"', ',', ';', '\t', '@', '-', '1', 'TRUE')))
      .map((lines) =>
        lines
          .map((text) => text.replace(/[^\P{Cc}\t]|\p{Cs}/gu, ' '))
          .join('\n')
          .trim(),
      ),
    code: fc.oneof(short, fc.constantFrom('=1', '-2', '+3', '@4', "'=5", "'6", '007')).map(printable),
  })
  const ours = await makeOrganization()
  const theirs = await makeOrganization()
  const [from, to] = await Promise.all(
    [ours, theirs].map((of) => makeUser(of, { roles: [roleOf(of, 'owner')] })),
  )
  const reviewer = from as Person
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
      await sql`delete from licences where org_id in (${ours.id}, ${theirs.id})`.execute(past)
      const whole = records.map((one, n) => ({
        ...one,
        code: `${one.code}${n}`,
        contact: `c${n}@example.com`,
        reviewer_id: one.reviewer_id && reviewer.id,
      }))
      await sql`insert into licences (org_id, code, plan, seats, expires, contact, active, reviewer_id, remarks)
        select ${ours.id}, code, plan, seats, expires, contact, active, reviewer_id, remarks
        from json_populate_recordset(null::licences, ${JSON.stringify(whole)})`.execute(past)
      const file = await as(reviewer, app).get('/api/licences?format=csv')
      // people of one organization are nobody in another
      const abroad = file.text.replaceAll(reviewer.id, (to as Person).id)
      const answer = await upload(to as Person, abroad)
      expect(answer.status, answer.text).toBe(200)
      const compared = (rows: Stored[]) =>
        rows.map(({ id, org_id, created_at, updated_at, created_by, reviewer_id, ...row }) => ({
          ...row,
          reviewer: reviewer_id !== null,
        }))
      expect(compared(await stored(theirs))).toEqual(compared(await stored(ours)))
    }),
    { numRuns: 60 },
  )
}, 120_000)
