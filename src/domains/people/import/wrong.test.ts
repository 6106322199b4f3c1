import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importUsers } from '#src/domains/people/import/command-actions.ts'
import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(content: string | Buffer, name = `${unique('people')}.csv`): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

const rowsOf = <T extends 'users' | 'groups' | 'events'>(table: T, org: Organization) =>
  owner
    .selectFrom(table as 'events')
    .where('org_id', '=', org.id)
    .selectAll()
    .execute()

describe('what is wrong is said with line and field, and nobody is imported:', () => {
  it('all of it at once', async () => {
    const [org, other] = [await makeOrganization(), await makeOrganization()]
    const [here, elsewhere, gone] = [await makeUser(org), await makeUser(other), await makeUser(org)]
    await owner
      .updateTable('users')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', gone.id)
      .execute()
    await makeGroup(other, { name: 'Theirs' })
    await makeGroup(org, { name: 'Twin', kind: 'team' })
    await makeGroup(org, { name: 'Twin', kind: 'client' })
    const chief = await makeRole(org, { name: 'Chief', parents: [roleOf(org, 'admin')] })
    await makeRole(org, { name: 'Boss', permissions: ['role:update:all'] })
    await makeRole(org, { name: 'Below', parents: [chief] })
    await makeRole(org, { name: 'Off', status: 'disabled' })
    await makeRole(other, { name: 'Foreign' })
    const n = unique('w')
    const row = (cells: string) => cells.replaceAll('#', n)
    const path = await file(
      [
        'username,email,first_name,last_name,roles,groups',
        row('#a,#a@example.com,"two\r\nlines",Multi,member,'),
        row('#b,nonsense,Bad,Mail,member,'),
        row(',#c@example.com,,,,'),
        row('#d,,,,,'),
        row('-#,#e@example.com,,,,'),
        row('#A,#f@example.com,,,,'),
        row('#g,#E@example.com,,,,'),
        `${here.username},${here.email},,,,`,
        `${elsewhere.username},${elsewhere.email},,,,`,
        `${gone.username},${gone.email},,,,`,
        row('#h,#h@example.com,,,nobody;superadmin;Foreign,'),
        row('#i,#i@example.com,,,owner;admin;Chief;Boss;Below;Off,'),
        row('#j,#j@example.com,,,,Nowhere;Theirs;Twin;team:Twin=boss;=lead'),
        row(`#k,#k@example.com,${'x'.repeat(101)},${'y'.repeat(101)},,`),
        row(`#${'z'.repeat(64)},#l@example.com,,,,`),
        row('#m,#m@example.com,a\u0007b,,,'),
        row('#n,#n@example.com,,a\0b,,'),
        row('#o,#o@example.com,,x'),
        row('#p,#p@example.com,,,,,x'),
        '',
        row('#q,#q@example.com,fine,,member,team:Twin'),
        '',
      ].join('\n'),
    )
    const { imported, groups, errors } = await importUsers(db, org.id, path, { createGroups: true })
    expect({ imported, groups }).toEqual({ imported: 0, groups: [] })
    expect(errors.map(({ line, column, message }) => `${line} ${column ?? '-'} ${message}`)).toEqual([
      '2 first_name Remove the control character',
      '4 email Enter an e-mail address like name@example.com',
      '5 username Enter a user name',
      '6 email Enter an e-mail address',
      '7 username Use letters, digits, dots, dashes and underscores; start with a letter or digit',
      '8 username same as line 2',
      '9 email same as line 7',
      '10 username is already in use in this organization',
      '10 email is already in use in this organization',
      '11 username is already in use by an account outside this organization',
      '11 email has an account outside this organization',
      '12 username is that of someone who was deleted here: restore them instead',
      '12 email is that of someone who was deleted here: restore them instead',
      '13 roles has an unknown role "nobody"',
      '13 roles has an unknown role "superadmin"',
      '13 roles has an unknown role "Foreign"',
      '14 roles has the role owner, which an import can’t assign',
      '14 roles has the role admin, which an import can’t assign',
      '14 roles has the role Chief, which an import can’t assign',
      '14 roles has the role Boss, which an import can’t assign',
      '14 roles has the role Below, which an import can’t assign',
      '14 roles has the role Off, which is disabled',
      '15 groups has an unknown role "boss" in team:Twin=boss: lead, member, viewer',
      '15 groups has a group without a name: =lead',
      '15 groups has the group "Twin", which matches several: client:Twin or team:Twin',
      '16 first_name Use at most 100 characters',
      '16 last_name Use at most 100 characters',
      '17 username Use at most 64 characters',
      '18 first_name Remove the control character',
      '19 last_name has a NUL character',
      '21 - has 7 columns, but the header has 6',
    ])
    expect((await rowsOf('users', org)).map(({ id }) => id).sort()).toEqual([here.id, gone.id].sort())
    expect(
      await owner.selectFrom('groups').where('org_id', '=', org.id).select('name').execute(),
    ).toHaveLength(2)
    expect((await rowsOf('events', org)).filter(({ via }) => via === 'cli')).toEqual([])
    const abroad = await importUsers(
      db,
      org.id,
      await file(row('username,email,groups\n#r,#r@example.com,Theirs')),
    )
    expect(abroad.errors.map(({ message }) => message)).toEqual(['has an unknown group "Theirs"'])
  })

  it('superadmin in the platform’s organization', async () => {
    const platform = await owner
      .selectFrom('organizations')
      .where('kind', '=', 'platform')
      .select('id')
      .executeTakeFirstOrThrow()
    const name = unique('p')
    const { errors } = await importUsers(
      db,
      platform.id,
      await file(`username,email,roles\n${name},${name}@example.com,SuperAdmin`),
    )
    expect(errors).toEqual([
      {
        line: 2,
        column: 'roles',
        value: 'SuperAdmin',
        message: 'has the role superadmin, which an import can’t assign',
      },
    ])
  })
})
