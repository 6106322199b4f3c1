import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { trail } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { app, HEAD, line, stored, type Told, told, upload, wrongs } from '#tests/resource/import/files.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, foreigner } = await makePeople()

describe('a file may come', () => {
  const rows = [
    ['code', 'Seats', 'E X P I R E S', 'contact', 'remarks', 'Unknown'],
    ['#1', ' 5 ', '2030-01-01', 'A@Example.COM', 'He said "no";\nthen, "yes"', 'x'],
    ['#2', '6', '2030-01-02', 'b@example.com', '', 'y'],
  ]
  const quoted = (cell: string) => (/[",;\n\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
  const text = (code: string, delimiter: string, end: string) =>
    rows.map((cells) => cells.map((cell) => quoted(cell.replace('#', code))).join(delimiter)).join(end)

  test.each([
    ['with commas', ',', '\n', ''],
    ['with semicolons, CRLF and a mark of its encoding, as Excel writes it', ';', '\r\n', '\uFEFF'],
    ['with tabs', '\t', '\n', ''],
  ])('%s', async (_, delimiter, end, mark) => {
    const code = unique('F')
    const answer = await upload(owner, mark + text(code, delimiter, end))
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json<Told>()).toEqual({
      dry_run: false,
      imported: 2,
      rows: 2,
      notes: [],
      error_count: 0,
      errors: [],
      ignored_columns: ['Unknown'],
    })
    const made = (await stored(org)).filter((row) => row.code.startsWith(code))
    expect(made).toMatchObject([
      { seats: 5, expires: '2030-01-01', contact: 'a@example.com', remarks: 'He said "no";\nthen, "yes"' },
      { seats: 6, plan: 'basic', active: true, remarks: '' },
    ])
  })

  test('in a form, with its columns named', async () => {
    const code = unique('F')
    const form = new FormData()
    form.append('file', new Blob([`Key,code,seats,expires,contact\n${line(`${code},old`)}\n`]), 'a.csv')
    form.append('mapping', JSON.stringify({ code: 'KEY', remarks: 'code' }))
    const answer = await upload(owner, form)
    expect(answer.status, answer.text).toBe(200)
    const made = (await stored(org)).filter((row) => row.code === code)
    expect(made).toMatchObject([{ remarks: 'old' }])
  })

  test('as spreadsheets and people write it', async () => {
    const code = unique('F')
    const answer = await upload(
      owner,
      `${HEAD},active,plan\n${line(`${code}1`, ',FALSE,EVERYBODY')}\n${line(`${code}2`, ', yes ,Team')}\n`,
    )
    expect(answer.status, answer.text).toBe(200)
    const made = (await stored(org)).filter((row) => row.code.startsWith(code))
    expect(made).toMatchObject([
      { active: false, plan: 'all' },
      { active: true, plan: 'team' },
    ])
  })
})

describe('columns', () => {
  test('are told, and to be had as a template that comes in as it is', async () => {
    const { columns, most_rows, most_mb } = (await as(owner, app).get('/api/licences/import')).json<{
      columns: { name: string; required: boolean }[]
      most_rows: number
      most_mb: number
    }>()
    expect([most_rows, most_mb]).toEqual([200_000, 64])
    const template = await as(owner, app).get('/api/licences/import?format=csv')
    expect(template.headers.get('content-disposition')).toContain('licences-template.csv')
    expect(template.text.split('\r\n')[0]).toBe(columns.map(({ name }) => name).join(','))
    expect(columns.map(({ name }) => name)).not.toContain('checked_at')
    expect(columns.filter(({ required }) => required).map(({ name }) => name)).toEqual([
      'code',
      'seats',
      'expires',
      'contact',
    ])
    const answer = await upload(owner, template.text, '?dry_run=true')
    expect(answer.json<Told>()).toMatchObject({ rows: 1, error_count: 0 })
  })

  test.each([
    ['lack', 'code,seats\nX,1\n', '', ['1 Add a column for Expires', '1 Add a column for Contact']],
    ['come twice', `Code,${HEAD}\nX,${line('X')}\n`, '', ['1 Choose one column for Code: "Code" or "code"']],
    ['are not there', `${HEAD}\n${line('X')}\n`, '?map.remarks=Notes', ['1 There is no column "Notes"']],
    ['are named twice', `${HEAD}\n${line('X')}\n`, '?map.remarks=code', ['1 Add a column for Code']],
    ['are left out though needed', `${HEAD}\n${line('X')}\n`, '?map.code=', ['1 Add a column for Code']],
  ])('that %s are told', async (_, text, query, messages) => {
    const answer = await upload(owner, text, query)
    expect([answer.status, told(answer)]).toEqual([422, messages])
  })

  test.each([
    ['a field that is none', '?map.nonsense=x'],
    ['a field that nobody writes', '?map.checked_at=x'],
    ['another word for a dry run', '?dry_run=maybe'],
  ])('of an address with %s are a 400', async (_, query) => {
    expect((await upload(owner, `${HEAD}\n${line('X')}\n`, query)).status).toBe(400)
  })

  test('of a form that names no fields are a 422', async () => {
    for (const mapping of ['{', '[]', '{"nonsense":"x"}', '{"code":1}']) {
      const form = new FormData()
      form.append('file', new Blob([`${HEAD}\n${line('X')}\n`]), 'a.csv')
      form.append('mapping', mapping)
      expect((await upload(owner, form)).status, mapping).toBe(422)
    }
  })
})

describe('what is wrong is said at once, by line and column, and nothing is kept:', () => {
  test('of the file', async () => {
    const latin1 = Buffer.from(`${HEAD}\n${line('Zoë')}\n${line('x')}\n"bro"ken`, 'latin1')
    expect(told(await upload(owner, latin1))).toEqual([
      '2 is not UTF-8 (perhaps Windows-1252, Excel’s plain “CSV”): save the file as “CSV UTF-8”',
      '4 a quotation mark ends before its value does: double those within',
    ])
    expect(told(await upload(owner, '%PDF-1.7\n%âãÏÓ\n'))).toEqual([
      'This is a PDF, not CSV. Save it as “CSV UTF-8” and choose that file.',
    ])
    expect(told(await upload(owner, `${HEAD.replaceAll(',', ':')}\n`))).toContain(
      '1 The header has a single column: separate columns by commas, semicolons or tabs',
    )
    expect(told(await upload(owner, `${HEAD}\n\n`))).toEqual(['The file contains no licences.'])
    expect(told(await upload(owner, `${HEAD}\n${line('a')},x\n"a\nb",1\n`))).toEqual([
      '2 has 5 columns, but the header has 4',
      '3 code Remove the control character',
      '3 expires Enter a day like 2026-01-31',
      '3 contact Enter a contact',
    ])
    const nothing = await upload(owner, '')
    expect([nothing.status, wrongs(nothing)]).toEqual([422, [{ path: 'file', message: 'Choose a file' }]])
  })

  test('of rows in themselves, with what is there, and with each other', async () => {
    const [a, b, gone] = [unique('W'), unique('W'), unique('W')]
    await upload(owner, `${HEAD}\n${line(a)}\n${line(gone)}\n`)
    await sql`update licences set deleted_at = now() where code = ${gone}`.execute(past)
    const before = await stored(org)
    const file = [
      `${HEAD},plan,reviewer_id,owner_group_id`,
      line(a, ',,,'),
      `${b},0,2030-02-30,nobody,gold,,`,
      line(b, `,,${foreigner.id},`),
      line(gone, ',,,'),
      line(b, ',,,nonsense'),
      `"${'long'.repeat(50)}\n",1,2030-01-01,a@example.com,,,`,
      line('bell\u0007', ',,,'),
      line('nul\0', ',,,'),
    ].join('\n')
    const answer = await upload(owner, file)
    expect(answer.status).toBe(422)
    expect(told(answer)).toEqual([
      '2 code is taken',
      '3 plan Choose one of basic, team, all',
      '3 seats Enter a whole number from 1 to 1000',
      '3 expires Enter a day like 2026-01-31',
      '3 contact Enter an e-mail address like name@example.com',
      '4 code same as line 3',
      '4 reviewer_id doesn’t exist, or you don’t have access',
      '6 owner_group_id Choose an owner group',
      '6 code same as line 3',
      '7 code Use at most 40 characters',
      '9 code Remove the control character',
      '10 code has a NUL character',
    ])
    const [first, , , , , , , , , long, , nul] = wrongs(answer)
    expect(first).toEqual({
      path: 'line 2: code',
      line: 2,
      column: 'code',
      value: a,
      message: 'is taken',
    })
    expect([long?.value?.length, nul?.value]).toEqual([101, 'nul␀'])
    expect(answer.json().detail).toBe('12 errors: nothing was imported.')
    expect(await stored(org)).toEqual(before)
    expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toEqual([])
  })

  test('of which the first thousand are kept, and all are counted', async () => {
    const file = `${HEAD}\n${Array.from({ length: 1500 }, (_, n) => `c${n},x,2030-01-01,nobody`).join('\n')}\n`
    const answer = await upload(owner, file, '?dry_run=true')
    const { rows, error_count, errors } = answer.json<Told>()
    expect([rows, error_count, errors.length]).toEqual([1500, 3000, 1000])
    expect(errors.at(-1)).toMatchObject({ line: 501, column: 'contact' })
    expect((await upload(owner, file)).json().detail).toBe('3000 errors: nothing was imported.')
  })
})
