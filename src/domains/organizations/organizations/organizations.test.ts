import { beforeAll, describe, expect, test } from 'vitest'
import { organizationRecord, slugOf } from '#src/domains/organizations/organizations/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { denied, recorded, trail } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf, versionOf } from '#tests/client.ts'
import { makeUser, type Organization, platformOrganization, roleOf, unique } from '#tests/factories.ts'
import { accept, tokenFor, userAt } from '#tests/people/invitations/inviting.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const STRONG = 'Another-Horse-8'

let people: People
let platform: Organization
let superadmin: Person
/** Administers the platform's own people, and no organization. */
let staff: Person
/** Sees organizations from the platform, and changes none. */
let looker: Person

beforeAll(async () => {
  people = await makePeople()
  platform = await platformOrganization()
  superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
  staff = await makeUser(platform, { roles: [roleOf(platform, 'admin')] })
  looker = await personWith(platform, ['organization:read:all'])
})

type Way = [
  name: string,
  via: 'api' | 'web',
  create: (by: Person, body: Record<string, string>) => Promise<Answer>,
]
const ways: Way[] = [
  ['as JSON', 'api', (by, body) => as(by).post(api(paths.organizations), body)],
  ['as a form', 'web', (by, body) => browserOf(by).post(paths.organizations, body)],
]

const wanted = () => {
  const slug = unique('new')
  return { name: `New ${slug}`, slug, owner_username: `${slug}.boss`, owner_email: `${slug}@example.com` }
}
const bySlug = (slug: string) =>
  owner.selectFrom('organizations').where('slug', '=', slug).selectAll().executeTakeFirst()

describe.each(ways)('making an organization (%s)', (_, via, create) => {
  test('gives it roles, permissions and an owner who can sign in, in both trails', async () => {
    const body = { ...wanted(), owner_password: STRONG }
    const answer = await create(superadmin, body)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
    const made = await bySlug(body.slug)
    if (!made) throw new Error('not made')
    expect(answer.headers.get('location')).toBe(
      via === 'web' ? paths.organization(made.id) : api(paths.organization(made.id)),
    )
    if (via === 'api') {
      expect(organizationRecord.parse(answer.json())).toMatchObject({
        kind: 'tenant',
        status: 'active',
        users: 1,
      })
      expect(versionOf(answer)).toBe(made.version)
    }
    const login = await anonymous().post(api(paths.auth.login), {
      username: body.owner_email,
      password: STRONG,
    })
    expect(login.status, login.text).toBe(200)
    const bearer = { Authorization: `Bearer ${login.json<{ access_token: string }>().access_token}` }
    const me = (await anonymous().get(api(paths.auth.me), bearer)).json<{
      permissions: string[]
      organization: { id: string }
    }>()
    expect(me.organization.id).toBe(made.id)
    // as many as the owner of an organization that was seeded
    expect(me.permissions).toEqual(
      (await as(people.owner).get(api(paths.auth.me))).json<{ permissions: string[] }>().permissions,
    )
    const roles = await owner.selectFrom('roles').where('org_id', '=', made.id).select('name').execute()
    expect(roles.map(({ name }) => name).sort()).toEqual([...people.org.roles.keys()].sort())
    const line = {
      action: 'organization:create',
      target_id: made.id,
      actor_user_id: superadmin.id,
      actor_org_id: platform.id,
      via,
    }
    expect(await recorded(superadmin, answer, via)).toMatchObject([line])
    expect(await trail(made, { target: made.id })).toMatchObject([line])
    const [chief] = await trail(made, { request: answer.headers.get('x-request-id') as string }).then(
      (lines) => lines.filter(({ action }) => action === 'user:create'),
    )
    expect(chief).toMatchObject({
      actor_user_id: superadmin.id,
      data: { after: { username: body.owner_username } },
    })
  })

  test('invites an owner without a password, and makes the short name from the name', async () => {
    const { slug: _, ...body } = wanted()
    const answer = await create(superadmin, { ...body, owner_password: '', slug: '' })
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
    const made = await bySlug(slugOf(body.name))
    const [chief] = await owner
      .selectFrom('users')
      .where('org_id', '=', made?.id as string)
      .where('shadow_of_user_id', 'is', null)
      .select(['status', 'username'])
      .execute()
    expect(chief).toEqual({ status: 'invited', username: body.owner_username })
    const accepted = await accept(await tokenFor(body.owner_email))
    expect(accepted.status, accepted.text).toBe(201)
    expect(await userAt({ id: made?.id as string }, body.owner_email)).toMatchObject({ status: 'active' })
  })

  test('is refused to owners elsewhere and to the platform’s other people', async () => {
    const body = wanted()
    for (const who of [people.owner, people.colleague, staff, looker])
      await denied(who, 'organization:create', () => create(who, body))
    expect(await bySlug(body.slug)).toBeUndefined()
  })

  test.each([
    ['a short name that is taken', 409, 'slug', () => ({ slug: people.org.slug })],
    ['a user name that is taken', 409, 'owner_username', () => ({ owner_username: people.member.username })],
    [
      'an address that has an account',
      409,
      'owner_email',
      () => ({ owner_email: people.member.email.toUpperCase() }),
    ],
    ['a short name with a capital', 422, 'slug', () => ({ slug: 'Acme' })],
    ['a short name that begins with a dash', 422, 'slug', () => ({ slug: '-acme' })],
    ['a short name with other letters', 422, 'slug', () => ({ slug: 'ácme' })],
    ['a short name that is too long', 422, 'slug', () => ({ slug: 'a'.repeat(64) })],
    ['a name that leaves no short name', 422, 'slug', () => ({ name: '株式会社', slug: '' })],
    ['no name', 422, 'name', () => ({ name: ' ' })],
    ['no address', 422, 'owner_email', () => ({ owner_email: 'nowhere' })],
    ['a weak password', 422, 'owner_password', () => ({ owner_password: 'short' })],
    ['a field that is none', 422, 'kind', () => ({ kind: 'platform' })],
  ])('names the field of %s, and keeps nothing', async (_, status, field, change) => {
    const before = await owner
      .selectFrom('organizations')
      .select((eb) => eb.fn.countAll().as('n'))
      .executeTakeFirst()
    const answer = await create(superadmin, { ...wanted(), ...(change() as object) })
    expect(answer.status, answer.text).toBe(status)
    if (via === 'api') expect(answer.json().errors?.map(({ path }) => path)).toEqual([field])
    else if (field !== 'kind') expect(answer.text).toContain(`id="${field}-error"`)
    const after = await owner
      .selectFrom('organizations')
      .select((eb) => eb.fn.countAll().as('n'))
      .executeTakeFirst()
    expect(after).toEqual(before)
  })
})

test('the form for a new one is for the platform alone', async () => {
  expect((await browserOf(superadmin).get(pathsOf(paths.organizations).new)).status).toBe(200)
  await denied(people.owner, 'organization:create', () =>
    browserOf(people.owner).get(pathsOf(paths.organizations).new),
  )
})
