import { randomInt } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { run, useFolder } from '#tests/cli/commands.ts'
import { anonymous, as, browserOf, send, visitor } from '#tests/client.ts'
import { makeUser, platformOrganization, roleOf, unique } from '#tests/factories.ts'
import { accept, invitedBy, userAt } from '#tests/people/invitations/inviting.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past } = await testDatabase()
useFolder()
const api = (path: string) => `/api/v1${path}`

let people: People
let superadmin: Person
beforeAll(async () => {
  people = await makePeople()
  const platform = await platformOrganization()
  superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
})

/** Answers the status, or an exit code of 0 as 200 and any other as 422. */
type Door = (name: string) => Promise<number>
const ended = ({ code }: { code: number | null }) => (code === 0 ? 200 : 422)
const address = () => `${unique('n')}@example.com`
const csv = (text: string) =>
  send(api(`${paths.users}/import`), {
    method: 'POST',
    headers: { Authorization: `Bearer ${people.owner.token}`, 'Content-Type': 'text/csv' },
    body: text,
  })
const somebody = () => makeUser(people.org)
const STDIN = { stdin: `${PASSWORD}\n` }

/** Every way by which somebody gets a name that others read. */
const named: Record<string, Door> = {
  'a new person': async (first_name) =>
    (
      await as(people.owner).post(api(paths.users), {
        username: unique('n'),
        email: address(),
        password: PASSWORD,
        first_name,
      })
    ).status,
  'a new person, by a form': async (last_name) =>
    (
      await browserOf(people.owner).post(paths.users, {
        username: unique('n'),
        email: address(),
        password: PASSWORD,
        last_name,
      })
    ).status,
  'a change': async (first_name) =>
    (await as(people.owner).patch(api(paths.user((await somebody()).id)), { first_name })).status,
  'one’s own profile': async (last_name) =>
    (await browserOf(people.owner).patch(paths.me, { last_name })).status,
  'an import': async (name) =>
    (await csv(`username,email,first_name\n${unique('n')},${address()},"${name}"\n`)).status,
  registering: async (first_name) =>
    (
      await anonymous().post(api(paths.auth.register), {
        username: unique('n'),
        email: address(),
        password: PASSWORD,
        first_name,
      })
    ).status,
  'registering, by a form': async (last_name) =>
    (
      await visitor().post(paths.register, {
        username: unique('n'),
        email: address(),
        password: PASSWORD,
        first_name: '',
        last_name,
      })
    ).status,
  'accepting an invitation': async (first_name) => {
    const { token } = await invitedBy(people.admin)
    return (await accept(token, { first_name })).status
  },
  'a service account': async (first_name) =>
    (await as(people.owner).post(api(paths.serviceAccounts), { username: unique('n'), first_name })).status,
  'a new organization': async (name) =>
    (
      await as(superadmin).post(api(paths.organizations), {
        name,
        slug: unique('n'),
        owner_username: unique('n'),
        owner_email: address(),
      })
    ).status,
  'an organization’s change': async (name) =>
    (await as(people.owner).patch(api(paths.organization(people.org.id)), { name })).status,
  'the command line': async (name) =>
    ended(
      await run(
        [
          'user:create',
          '--username',
          unique('n'),
          '--email',
          address(),
          '--first-name',
          name,
          '--password-stdin',
        ],
        STDIN,
      ),
    ),
  'the command line’s organization': async (name) =>
    ended(
      await run(
        [
          'org:create',
          '--name',
          name,
          '--slug',
          unique('n'),
          '--owner-username',
          unique('n'),
          '--owner-email',
          address(),
          '--password-stdin',
        ],
        STDIN,
      ),
    ),
}

/** Every way by which somebody, or something, gets a user name. */
const called: Record<string, Door> = {
  'a new person': async (username) =>
    (await as(people.owner).post(api(paths.users), { username, email: address(), password: PASSWORD }))
      .status,
  'an edit': async (username) =>
    (await as(people.owner).patch(api(paths.user((await somebody()).id)), { username })).status,
  'an import': async (username) => (await csv(`username,email\n${username},${address()}\n`)).status,
  registering: async (username) =>
    (
      await anonymous().post(api(paths.auth.register), {
        username,
        email: address(),
        password: PASSWORD,
      })
    ).status,
  'accepting an invitation': async (username) => {
    const { token } = await invitedBy(people.admin)
    return (await accept(token, { username })).status
  },
  'a service account': async (username) =>
    (await as(people.owner).post(api(paths.serviceAccounts), { username, first_name: 'Nightly export' }))
      .status,
  'a new organization’s owner': async (owner_username) =>
    (
      await as(superadmin).post(api(paths.organizations), {
        name: unique('n'),
        owner_username,
        owner_email: address(),
      })
    ).status,
  'the command line': async (username) =>
    ended(
      await run(['user:create', '--username', username, '--email', address(), '--password-stdin'], STDIN),
    ),
}

const HOSTILE = ['https://evil.example/x', 'evil.example', 'Ada\u202eLovelace']
const TWINS = ['me', 'new', 'аdmin']

/** How many are called one of these, by whatever name. */
async function bearers(names: readonly string[]): Promise<number> {
  const found = await past
    .selectFrom('users')
    .where((eb) =>
      eb.or([eb('first_name', 'in', names), eb('last_name', 'in', names), eb('username', 'in', names)]),
    )
    .select('id')
    .execute()
  return found.length
}

describe('a name that mail programs make a link of is refused', { timeout: 60_000 }, () => {
  test.each(Object.entries(named))('by %s', async (_, door) => {
    for (const name of HOSTILE) expect(await door(name), name).toBe(422)
    expect(await bearers(HOSTILE)).toBe(0)
    expect(await door(`J. R. O’Neill-Müller ${unique('n')}`)).toBeLessThan(400)
  })
})

describe('a user name that is another’s to the eye, or to the program, is refused', {
  timeout: 60_000,
}, () => {
  test.each(Object.entries(called))('by %s', async (_, door) => {
    for (const name of [...TWINS, crypto.randomUUID()]) expect(await door(name), name).toBe(422)
    expect(await bearers(TWINS)).toBe(0)
    expect(await door(`иван-${randomInt(1e9)}`)).toBeLessThan(400)
  })

  test.each(Object.entries(called))('where it reads like one that is taken, by %s', async (_, door) => {
    const taken = unique('line')
    await makeUser(people.org, { username: taken })
    const alike = taken.replace('i', 'ı')
    expect([409, 422]).toContain(await door(alike))
    expect(await bearers([alike])).toBe(0)
    expect(await door(`${alike}-2`)).toBeLessThan(400)
  })

  test('and none is made of an address by itself', async () => {
    for (const local of ['me', 'new', 'bulk']) {
      const { email, token } = await invitedBy(people.admin, { email: `${local}@${unique('at')}.example` })
      expect((await accept(token)).status).toBe(201)
      expect((await userAt(people.org, email))?.username).toMatch(/^user\d*$/)
    }
  })
})

test('is one name in every case and width', async () => {
  const username = unique('twin')
  const make = (name: string) =>
    as(people.owner).post(api(paths.users), { username: name, email: address(), password: PASSWORD })
  expect((await make(username)).status).toBe(201)
  for (const same of [username.toUpperCase(), ` ${username} `, username.replace('t', 'ｔ')])
    expect((await make(same)).status).toBe(409)
})
