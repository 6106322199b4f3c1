import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Acting, Database } from '#src/db/database.ts'
import type { SessionRecord } from '#src/domains/accounts/sessions/model.ts'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { hidden, state } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import {
  assign,
  makeUser,
  type Organization,
  platformOrganization,
  roleOf,
  sessionOf,
} from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`

let people: People
let platform: Organization
let superadmin: Person
/** The superadmin's shadow in the people's organization. */
let shadow: string
beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
  superadmin = await makeSuperadmin()
  await entered(superadmin, people.org)
  const found = owner.selectFrom('users').where('shadow_of_user_id', '=', superadmin.id).select('id')
  shadow = (await found.executeTakeFirstOrThrow()).id
})

describe('a shadow', () => {
  test('is in no list and no count of people', async () => {
    for (const query of [
      '',
      '&deleted=true',
      `&q=${superadmin.username}`,
      `&deleted=true&q=${superadmin.username}`,
    ]) {
      const list = await as(people.owner).get(api(`${paths.users}?limit=200${query}`))
      expect([list.status, list.text.includes(shadow)]).toEqual([200, false])
    }
    const { data } = (await as(people.owner).get(api(`${paths.users}?limit=200`))).json<{ data: object[] }>()
    const { users } = (await as(people.owner).get(api(paths.organization(people.org.id)))).json<{
      users: number
    }>()
    expect(users).toBe(data.length)
  })

  const attempts: [string, (by: Person) => ReturnType<ReturnType<typeof as>['get']>][] = [
    ['read', (by) => as(by).get(api(paths.user(shadow)))],
    ['renamed', (by) => as(by).patch(api(paths.user(shadow)), { first_name: 'X' })],
    ['disabled', (by) => as(by).patch(api(paths.user(shadow)), { status: 'disabled' })],
    ['deleted', (by) => as(by).delete(api(paths.user(shadow)))],
    ['restored', (by) => as(by).post(api(paths.restoreUser(shadow)))],
  ]
  test.each(attempts)('can’t be %s by the organization’s people, nor by itself', async (_, attempt) => {
    for (const by of [people.owner, people.admin]) await hidden(by, () => attempt(by))
    const before = await state(people.org)
    expect((await attempt(superadmin)).status).toBeOneOf([404, 409])
    expect(await state(people.org)).toEqual(before)
  })

  test('is named where it has left something', async () => {
    const { data } = (await as(people.owner).get(api(`${paths.sessions}?limit=200`))).json<{
      data: SessionRecord[]
    }>()
    const session = data.find(({ user }) => user.id === shadow)
    expect(session?.user).toMatchObject({ name: superadmin.username })
  })

  test('is named in the history of what its person did, as somebody from the platform', async () => {
    const path = api(paths.user(people.member.id))
    expect((await as(superadmin).patch(path, { first_name: 'Changed' })).status).toBe(200)
    const history = async (by: Person) =>
      (await as(by).get(`${path}/history`)).json<{ data: { actor: object }[] }>().data[0]?.actor
    const id = superadmin.id
    expect(await history(people.owner)).toEqual({ id, name: `${superadmin.username} (platform)` })
    expect(await history(people.viewer)).toEqual({ id })
  })

  test('counts as nobody who administers roles', async () => {
    const place = await makePeople()
    await entered(await makeSuperadmin(), place.org)
    // as strong as the owner, but not for good
    const by = await makeUser(place.org)
    await assign(place.org, by.id, { id: roleOf(place.org, 'owner'), expires: '1 hour' })
    expect((await as(by).delete(api(paths.user(place.admin.id)))).status).toBe(204)
    expect((await as(by).delete(api(paths.user(place.owner.id)))).status).toBe(409)
  })

  test('is not somebody to sign in as, however the session points to it', async () => {
    const person = await makeUser(people.org)
    await owner.updateTable('sessions').set({ user_id: shadow }).where('user_id', '=', person.id).execute()
    expect((await as(person).get(api(paths.auth.me))).status).toBe(401)
  })
})

/** As a statement that somebody injected into a request of this actor. */
async function injected(acting: Acting, statement: string): Promise<string> {
  const db = new Database(here.appUrl, { max: 1 })
  const run = db.withActor(acting, async (tx) => {
    await sql.raw(statement).execute(tx)
    throw new Error('went through')
  })
  const outcome = await run.catch((error: { code?: string; message: string }) => error.code ?? error.message)
  await db.close()
  return String(outcome)
}

const actingAs = ({ org, id }: Person): Acting => ({
  orgId: org.id,
  context: JSON.stringify({ org: org.id, user: id }),
})

describe('the platform’s functions', () => {
  const access = '{"permissions":[],"roles":[],"held":[]}'
  const calls: [string, (target: Organization, session: string) => string][] = [
    ['list', () => `select * from app.list_organizations('{}', null, 'sort_name', false, null, null, 10, 0)`],
    ['read', ({ id }) => `select * from app.read_organization('${id}')`],
    [
      'create',
      () =>
        `select * from app.create_organization('Injected', 'injected', '{"username":"in-jected","email":"in@example.com"}', '${access}')`,
    ],
    ['update', ({ id }) => `select * from app.update_organization('${id}', '{"status":"suspended"}', null)`],
    ['enter', ({ id }, session) => `select app.enter_organization('${session}', '${id}', 'because')`],
  ]

  test.each(calls)('%s: for a superadmin at home, by what holds now', async (_, call) => {
    const by = await makeSuperadmin()
    const statement = call(people.foreigner.org, await sessionOf(by.token))
    expect(await injected(actingAs(by), statement)).toBe('went through')
    await owner.deleteFrom('user_roles').where('user_id', '=', by.id).execute()
    expect(await injected(actingAs(by), statement)).toBe('42501')
  })

  test.each(calls)('%s: nothing for anybody else', async (_, call) => {
    const before = [await rowsOf(people.foreigner.org.id), await rowsOf(platform.id, ['events'])]
    const boss = await makeSuperadmin()
    const staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
    const gone = await makeSuperadmin()
    await owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', gone.id).execute()
    const others: [string, Acting, Person][] = [
      ['an owner elsewhere', actingAs(people.owner), people.owner],
      ['the platform’s other people', actingAs(staff), staff],
      ['a superadmin who is disabled', actingAs(gone), gone],
      [
        'nobody, in the platform',
        { orgId: platform.id, context: JSON.stringify({ org: platform.id }) },
        boss,
      ],
      [
        'an owner who says to be a superadmin',
        { orgId: people.org.id, context: actingAs(boss).context },
        boss,
      ],
      [
        'a superadmin who says to be elsewhere',
        { orgId: platform.id, context: JSON.stringify({ org: people.org.id, user: boss.id }) },
        boss,
      ],
    ]
    for (const [who, acting, person] of others)
      expect(await injected(acting, call(people.foreigner.org, await sessionOf(person.token))), who).toBe(
        '42501',
      )
    for (const person of [boss, staff, gone])
      await owner.deleteFrom('users').where('id', '=', person.id).execute()
    expect([await rowsOf(people.foreigner.org.id), await rowsOf(platform.id, ['events'])]).toEqual(before)
  })

  test('enter takes no session but one’s own, and takes a reason', async () => {
    const [by, other] = [await makeSuperadmin(), await makeSuperadmin()]
    const enter = (session: string, reason: string) =>
      injected(actingAs(by), `select app.enter_organization('${session}', '${people.org.id}', '${reason}')`)
    expect(await enter(await sessionOf(other.token), 'because')).toBe('42501')
    expect(await enter(await sessionOf(people.owner.token), 'because')).toBe('42501')
    expect(await enter(await sessionOf(by.token), ' ')).toBe('22023')
    expect(await enter(await sessionOf(by.token), 'because')).toBe('went through')
  })

  test('an entered session can’t be taken over from within the organization, only ended', async () => {
    const session = await sessionOf(superadmin.token)
    const at = `where id = '${session}'`
    const attempts = [
      `update sessions set token_hash = '\\x00' ${at}`,
      `update sessions set user_id = '${people.owner.id}' ${at}`,
      `update sessions set expires_at = expires_at + interval '1 year' ${at}`,
      `update sessions set home_org_id = null, home_user_id = null, home_expires_at = null ${at}`,
      `update sessions set user_id = '${shadow}', home_org_id = '${platform.id}', home_user_id = '${superadmin.id}', home_expires_at = now() where user_id = '${people.owner.id}'`,
      `update users set first_name = 'X' where id = '${shadow}'`,
      `update users set shadow_of_org_id = null, shadow_of_user_id = null where id = '${shadow}'`,
      `delete from users where id = '${shadow}'`,
      `insert into user_roles (user_id, role_id) values ('${shadow}', '${roleOf(people.org, 'guest')}')`,
      `insert into group_members (user_id, group_id) values ('${shadow}', '${people.group}')`,
    ]
    for (const attempt of attempts)
      expect(await injected(actingAs(people.owner), attempt), attempt).toBe('42501')
    expect(await injected(actingAs(people.owner), `update sessions set revoked_at = now() ${at}`)).toBe(
      'went through',
    )
  })
})
