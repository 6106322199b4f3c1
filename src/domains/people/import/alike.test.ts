import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importUsers } from '#src/domains/people/import/command-actions.ts'
import type { ImportReport } from '#src/resource/import/import.ts'
import { as, send } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner: past, app } = await testDatabase()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const org = await makeOrganization()
const by = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const gone = await makeUser(org)
await sql`update users set deleted_at = now() where id = ${gone.id}`.execute(past)
for (const name of ['Night', 'a;b=c']) await makeGroup(org, { name, kind: 'team' })
await makeGroup(org, { name: 'Night', kind: 'client' })
for (const name of ['Post; x', '=y']) await makeRole(org, { name })

type Told = Pick<ImportReport, 'rows' | 'error_count' | 'errors' | 'ignored_columns'>

/** By a request, and from the command line: the same file, into the same organization, and taken back. */
async function both(content: string | Buffer): Promise<[Told, Told]> {
  const answer = await send('/api/v1/users/import?dry_run=true', {
    method: 'POST',
    body: Buffer.from(content as string),
    headers: { Authorization: `Bearer ${by.token}`, 'Content-Type': 'text/csv', Accept: 'application/json' },
  })
  expect(answer.status, answer.text).toBe(200)
  const { dry_run, imported, ...asked } = answer.json<Told & { dry_run: boolean; imported: number }>()
  const path = join(folder, `${unique('people')}.csv`)
  await writeFile(path, content)
  const report = await importUsers(db, org.id, path, { dryRun: true })
  const { groups, imported: rows, ...typed } = report
  return [asked, { rows: typed.error_count ? asked.rows : rows, ...typed }]
}

const n = unique('p')
const row = (more: string) => `${unique('p')},${unique('p')}@example.com,${more}`
const HEAD = 'username,email,roles,groups'
const files: Record<string, string | Buffer> = {
  'people as they should be': `${HEAD}\n${row('member;viewer=2099-01-01T00:00:00Z;guest=2099-01-01,team:night=lead')}\n${row('"""Post; x"";=y=","""team:a;b=c=viewer"""')}\n`,
  'another order, spelling and separator': `E-Mail;Groups;User name\n${unique('x')}@example.com;team:Night;${unique('x')}\n`,
  'columns that mean nothing': `id,${HEAD},password,updated_at\n1,${row(',,secret,x')}\n`,
  'no column that is needed': 'username;groups\na;b\n',
  'a column twice': `username,${HEAD}\na,${row(',')}\n`,
  'a single column': 'username:email\na:b\n',
  'rows of other lengths': `${HEAD}\n${row('member')}\n${row(',,,')}\n${row(',,,x')}\n`,
  'quotation marks': `${HEAD}\n${row('"member" x,')}\n${row('"member,')}\n${row('nothing" x,')}\n`,
  'a PDF': '%PDF-1.7',
  'a workbook': Buffer.from('PK\x03\x04\x14\0[Content_Types].xml', 'latin1'),
  'UTF-16': Buffer.from(`\uFEFF${HEAD}\n${row(',')}\n`, 'utf16le'),
  'Windows-1252': Buffer.from(`${HEAD},first_name\n${row(',,Zoë')}\n`, 'latin1'),
  'sep=': `sep=|\n${HEAD}\n${row(',')}\n`.replaceAll(',', '|'),
  nothing: `${HEAD}\n\n,,,\n`,
  'an export that stopped': `${HEAD}\n${row(',')}\n# Export stopped: your access changed.\n`,
  'values that are wrong': `${HEAD},first_name,last_name,status,kind,locale,time_zone,deleted_at
-,nonsense,Nobody,Nowhere,${'x'.repeat(101)},a\u0007b,disabled,service,Klingon,Mars,2026-01-01
${n},${n}@example.com,=;guest=2000-01-01T00:00:00Z,Night;=lead;team:Night=boss,a\0,\u200b,asleep,robot,,,
${n},${n}@example.com,,,www.example.com,,,,de-AT,Europe/Vienna,\n`,
}

describe('the command line and the interface import by one rule:', () => {
  test.each(Object.entries(files))('%s', async (_, content) => {
    const [asked, typed] = await both(content)
    expect(typed).toEqual(asked)
  })

  test('what was exported', async () => {
    const headers = { Authorization: `Bearer ${by.token}`, Accept: 'text/csv' }
    const file = await app.request('/api/v1/users', { headers })
    const [asked, typed] = await both(Buffer.from(await file.arrayBuffer()))
    const places = ({ errors }: Told) => errors.map(({ line, column, value }) => [line, column, value])
    // who is there by then is told of more by the operator; and gives nobody the rights of an owner
    expect(places(typed)).toEqual([...places(asked), [2, 'roles', 'owner']].toSorted(byPlace))
    expect(places(asked)).toEqual([
      [2, 'username', by.username],
      [2, 'email', by.email],
    ])
  })

  test('only of who is taken, the operator hears where', async () => {
    const [asked, typed] = await both(`username,email\n${gone.username},${gone.email}\n`)
    expect(asked.errors.map(({ message }) => message)).toEqual([
      'is already in use',
      'already has an account',
    ])
    expect(typed.errors.map(({ message }) => message)).toEqual(
      Array(2).fill('is that of someone who was deleted here: restore them instead'),
    )
    expect((await as(by).get('/api/users?limit=1')).status).toBe(200)
  })

  test('a file that can’t be read is none', async () => {
    const path = join(folder, 'people.csv')
    await writeFile(path, `username,email\n${row('')}`.repeat(30_000))
    const reason = async (file: string) => (await importUsers(db, org.id, file, { mostMb: 1 })).errors
    expect(await reason(join(folder, 'nothing.csv'))).toMatchObject([{ message: 'No such file.' }])
    expect(await reason(folder)).toMatchObject([{ message: 'This is a folder, not a file.' }])
    expect(await reason(path)).toMatchObject([{ message: 'The file is larger than 1 MB: split it.' }])
  })
})

const RANK = ['roles', 'username', 'email']
const byPlace = ([, a]: unknown[], [, b]: unknown[]) => RANK.indexOf(String(a)) - RANK.indexOf(String(b))
