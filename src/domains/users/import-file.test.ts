import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPeople } from '#src/domains/users/import-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let count = 0
async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, `people ${++count}.csv`)
  await writeFile(path, content)
  return path
}

const sheet = async (content: string | Buffer) => readPeople(await file(content))
const problems = async (content: string | Buffer) =>
  (await sheet(content)).errors.map(({ line, field, message }) =>
    [line ?? [], field ?? [], message].flat().join(' '),
  )

describe('what is wrong in a file is said by line:', () => {
  it('the header', async () => {
    expect(await problems('Username;E-Mail;username;password\n')).toEqual([
      '1 the header has an unknown column "e-mail", has an unknown column "password", has the column username twice, lacks the column email. ' +
        'Known columns: username, email, first_name, last_name, roles, groups',
    ])
    expect(await problems('')).toEqual(['The file has no people in it.'])
    expect(await problems('username,email\n\n , \n')).toEqual(['The file has no people in it.'])
  })

  it('what is not UTF-8, line by line', async () => {
    const latin1 = Buffer.from(
      'username,email,first_name\r\na,a@example.com,Zoë\r\nb,b@example.com,Bob\r\nc,c@example.com,"\r\nJosé"\r\n',
      'latin1',
    )
    expect(await problems(latin1)).toEqual([
      '2 is not UTF-8: save the file as “CSV UTF-8”',
      '5 is not UTF-8: save the file as “CSV UTF-8”',
    ])
    expect(await problems(Buffer.from('\uFEFFusername\temail\n', 'utf16le'))).toEqual([
      '1 is UTF-16, not UTF-8: save it as “CSV UTF-8”',
    ])
  })

  it('quotation marks, and everything before them', async () => {
    expect(await problems('username,email\na,nonsense\nb,"b@example.com\nc,c@example.com\n')).toEqual([
      '2 email Enter an e-mail address like name@example.com',
      '3 a quotation mark that begins here, or in the next lines, does not end; nothing from here on was read',
    ])
    expect(await problems('username,email\na,nonsense\nb"b,b@example.com\n')).toMatchObject([
      '2 email Enter an e-mail address like name@example.com',
      expect.stringMatching(/^3 a quotation mark stands where none may/),
    ])
  })

  it('a file that is not there, is a folder, or is too large', async () => {
    expect((await readPeople(join(folder, 'nothing.csv'))).errors).toEqual([
      { line: null, field: null, message: 'There is no such file.' },
    ])
    expect((await readPeople(folder)).errors).toMatchObject([{ message: 'This is a folder, not a file.' }])
    const large = await file('')
    await truncate(large, 51 * 1024 * 1024)
    expect((await readPeople(large)).errors).toMatchObject([
      { message: 'The file is larger than 50 MB: split it.' },
    ])
    const long = await file(`username,email\n${'a,a@example.com\n'.repeat(200_001)}`)
    expect(
      (await readPeople(long)).errors.find(({ message }) => message.includes('more than')),
    ).toMatchObject({ line: 200_002 })
  }, 60_000)
})

describe('a file may come', () => {
  const two = (rows: string) =>
    sheet(rows).then(({ rows, errors }) => ({
      errors,
      rows: rows.map(({ line, username, groups }) => [line, username, ...groups]),
    }))
  const right = {
    errors: [],
    rows: [
      [2, 'a', { kind: 'team', name: 'Night', role: 'lead' }],
      [3, 'b'],
    ],
  }

  it.each([
    [
      'from Excel, with BOM, semicolons and CRLF',
      '\uFEFFUSERNAME;Email;Groups\r\na;a@example.com;team:Night=LEAD\r\nb;b@example.com;\r\n',
    ],
    ['with tabs', 'username\temail\tgroups\na\ta@example.com\tTeam: Night = lead\nb\tb@example.com\t\n'],
    [
      'with everything quoted, in another order',
      '"email","groups","username"\n"a@example.com","team:Night=lead;team:Night=lead","a"\n"b@example.com","","b"',
    ],
    ['with old line ends', 'username,email,groups\ra,a@example.com,team:Night=lead\rb,b@example.com,\r'],
    ['with mixed line ends', 'username,email,groups\r\na,a@example.com,team:Night=lead\nb,b@example.com,'],
  ])('%s', async (_, text) => {
    expect(await two(text)).toEqual(right)
  })

  it('with letters that two chunks of the stream share', async () => {
    const names = Array.from(
      { length: 20_000 },
      (_, n) => `p${n},p${n}@example.com,Ø日本${'é'.repeat(n % 7)}`,
    )
    const { rows, errors } = await sheet(`username,email,first_name\n${names.join('\n')}`)
    expect(errors).toEqual([])
    expect(rows.length).toBe(20_000)
    expect(rows.every(({ first_name, line }) => first_name === `Ø日本${'é'.repeat((line - 2) % 7)}`)).toBe(
      true,
    )
  })
})
