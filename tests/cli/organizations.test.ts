import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { paths } from '#src/paths.ts'
import { arrives, enter, makeSuperadmin } from '#tests/access/entering.ts'
import { trail } from '#tests/access/trail.ts'
import { type Options, run, useFolder } from '#tests/cli/commands.ts'
import { anonymous, as } from '#tests/client.ts'
import { makeOrganization, makeUser, platformOrganization, roleOf, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const STRONG = 'Another-Horse-8'
useFolder()

const create = (username: string, more: string[], options: Options = {}) =>
  run(
    [
      'org:create',
      '--owner-username',
      username,
      '--owner-email',
      `${username}@example.com`,
      '--password-stdin',
      ...more,
    ],
    { stdin: `${STRONG}\n`, ...options },
  )

/** Signs in by name and password, as a program. */
async function signedIn(username: string): Promise<Pick<Person, 'token'>> {
  const login = await anonymous().post(`/api/v1${paths.auth.login}`, { username, password: STRONG })
  expect(login.status, login.text).toBe(200)
  return { token: login.json<{ access_token: string }>().access_token }
}

type Me = { organization: { slug: string }; permissions: string[] }
const me = async (person: Pick<Person, 'token'>) =>
  (await as(person as Person).get(`/api/v1${paths.auth.me}`)).json<Me>()

describe('org:create', { timeout: 60_000 }, () => {
  it('makes an organization whose owner can sign in and do everything, in the trail', async () => {
    const name = unique('boss')
    const made = await create(name, ['--name', `Ångström & ${name}`, '--reason', 'new customer', '--json'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const { organization, person } = JSON.parse(made.stdout)
    expect(organization).toMatchObject({ name: `Ångström & ${name}`, slug: `angstrom-${name}` })
    expect(person).toMatchObject({ username: name, role: 'owner' })
    expect(made.stdout).not.toContain(STRONG)
    const other = await makeOrganization()
    const chief = await makeUser(other, { roles: [roleOf(other, 'owner')] })
    expect(await me(await signedIn(name))).toMatchObject({
      organization: { slug: organization.slug },
      permissions: (await me(chief)).permissions,
    })
    const reason = expect.stringMatching(/^org:create by .+: new customer$/)
    const lines = await trail(organization, { target: organization.id })
    expect(lines).toMatchObject([{ action: 'organization:create', via: 'cli', reason }])
    const again = await create(unique('boss'), ['--name', 'Other', '--slug', organization.slug])
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is taken') })
  })

  it('keeps nothing where the owner’s name is taken, or a rule is broken', async () => {
    const there = await makeUser(await makeOrganization())
    const slug = unique('org')
    const refused: [string, string[], string][] = [
      [there.username, ['--name', 'X', '--slug', slug], 'are taken'],
      [unique('p'), ['--name', 'X', '--slug', 'No Such'], 'The slug: Use lower-case letters'],
      [unique('p'), ['--name', ' ', '--slug', slug], 'The name: Enter a name.'],
      ['', ['--name', 'X', '--slug', slug], 'The user name: Enter a user name.'],
    ]
    for (const [username, more, message] of refused) {
      expect(await create(username, more)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(message),
      })
    }
    expect(await owner.selectFrom('organizations').where('slug', '=', slug).select('id').execute()).toEqual(
      [],
    )
  })

  it.each([
    [['--slug', 'x'], 'Add --name.'],
    [['--name', '株式会社'], 'Add --slug'],
    [['--platform', '--name', 'X'], '--platform has its own name'],
  ])('used wrongly ends with 2: %j', async (more, message) => {
    expect(await create(unique('p'), more)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    })
  })

  it('gives the platform its first superadmin, who enters others; a second one is for them to make', async () => {
    const platform = await platformOrganization()
    await owner
      .deleteFrom('user_roles')
      .where('org_id', '=', platform.id)
      .where('role_id', '=', roleOf(platform, 'superadmin'))
      .execute()
    const name = unique('root')
    const made = await create(name, ['--platform'])
    expect(made).toMatchObject({
      code: 0,
      stdout: `The platform organization exists; ${name} is its superadmin and can sign in.\n`,
    })
    const person = (await signedIn(name)) as Person
    const org = await makeOrganization()
    // an address that was typed is theirs once they confirm it
    expect((await enter(person, org.id)).status).toBe(409)
    const proved = { email_verified_at: sql<string>`now()` }
    await owner.updateTable('accounts').set(proved).where('username', '=', name).execute()
    expect((await enter(person, org.id)).status).toBe(204)
    await arrives(person, org.id)
    const second = await create(unique('root'), ['--platform'])
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('is already superadmin') })
    expect(await makeSuperadmin()).toMatchObject({ org: { id: platform.id } })
  })
})
