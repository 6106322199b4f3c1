import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { ZodObject, z } from 'zod'
import { endpoints } from '#src/app.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeRole, makeUser, platformOrganization, roleOf, unique } from '#tests/factories.ts'
import { formIn } from '#tests/http/forms.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { owner: past } = await testDatabase()
const people = await makePeople()
const { org, owner, admin, member, colleague, group } = people
const platform = await platformOrganization()
const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })

/** Sets columns of a row, past the routes. */
const set = (table: string, id: string, values: Record<string, unknown>) => {
  const columns = Object.entries(values).map(([name, value]) => sql`${sql.ref(name)} = ${value}`)
  return sql`update ${sql.table(table)} set ${sql.join(columns)} where id = ${id}`.execute(past)
}
const gone = (table: string, id: string) => set(table, id, { deleted_at: new Date().toISOString() })
const made = async (by: Person, path: string, body: object) => {
  const answer = await as(by).post(`/api/v1${path}`, body)
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
  return answer.json<RecordRow>().id
}

/** More people than a select has options, all before `member` in their order. */
await sql`insert into users (org_id, kind, status, username, email, first_name)
  select ${org.id}, 'service', 'active', 'aa-' || n, '', 'Aa' from generate_series(1, 210) n`.execute(past)

// who changes what they see in part
const narrowEditor = await personWith(org, ['group:read:group', 'group:update:all'], { groups: [group] })
const roleEditor = await personWith(org, [
  'role:read:all',
  'role:update:all',
  'user:read:own',
  'group:read:all',
])
const invitationEditor = await personWith(org, ['invitation:read:all', 'invitation:update:all'])

type Case = [what: string, by: Person, make: () => Promise<string>]
const groups: Case[] = [
  ['a group with everything', owner, fullGroup],
  ['a group of whom and what its editor doesn’t see', narrowEditor, fullGroup],
  [
    'a group beneath a deleted one, whose owners are deleted',
    owner,
    async () => {
      const [parent, other] = [await makeGroup(org), await makeGroup(org)]
      const left = await makeUser(org)
      const id = await makeGroup(org, { parent })
      await set('groups', id, { owner_user_id: left.id, owner_group_id: other })
      for (const one of [parent, other]) await gone('groups', one)
      await gone('users', left.id)
      return id
    },
  ],
]

/** Records that a form could hold less of than there is, by the path of their form. */
const records: Record<string, Case[]> = {
  '/users/:id/edit': [
    ['somebody', owner, async () => colleague.id],
    ['somebody of one’s group, by who may change no more', member, async () => colleague.id],
    ['oneself', owner, async () => owner.id],
    ['somebody disabled', owner, async () => (await makeUser(org, { status: 'disabled' })).id],
    [
      'somebody invited',
      owner,
      () => made(owner, '/users', { username: unique('guest'), email: `${unique('guest')}@example.com` }),
    ],
    ['a service account', owner, async () => (await serviceWith(owner, [])).id],
    [
      'somebody who speaks and lives elsewhere',
      owner,
      async () => {
        const { id } = await makeUser(org, { first_name: 'Zoë "Z" <b>', last_name: 'O’Neill & Søn' })
        await set('users', id, { locale: 'de-AT', time_zone: 'Europe/Vienna' })
        return id
      },
    ],
  ],
  '/groups/:id/edit': groups,
  '/departments/:id/edit': groups,
  '/roles/:id/edit': [
    ['a role with everything', owner, fullRole],
    ['a role, by who doesn’t read permissions', roleEditor, fullRole],
    ['a built-in role', owner, async () => roleOf(org, 'member')],
    ['the role that holds everything', owner, async () => roleOf(org, 'owner')],
  ],
  '/permissions/:id/edit': [
    ['a built-in permission', owner, async () => org.permissions.get('user:read:own') as string],
    [
      'one of the organization’s own, disabled',
      owner,
      async () => {
        const body = { model: unique('report').replace(/\W/g, '_'), action: 'export', scope: 'group' }
        const id = await made(owner, '/permissions', {
          ...body,
          description: 'All “quarters”',
          category: 'x',
        })
        await set('permissions', id, { status: 'disabled' })
        return id
      },
    ],
  ],
  '/api-keys/:id/edit': [
    ['a key that never ends', owner, () => keyWith({})],
    [
      'a key that ends at some time of a day',
      owner,
      () => keyWith({ expires_at: '2031-05-06T15:30:07.123456Z' }),
    ],
    [
      'a key that has ended earlier today',
      owner,
      () => keyWith({ expires_at: sql`now() - interval '1 second'` }),
    ],
    ['a key that ends with the day', owner, () => keyWith({ expires_at: '2031-05-06T23:59:59Z' })],
    [
      'a key for some addresses',
      owner,
      () => keyWith({ allowed_addresses: sql`'{192.0.2.7/32,10.0.0.0/8,2001:db8::/32}'::cidr[]` }),
    ],
    [
      'a key of somebody else’s service account',
      owner,
      async () => {
        const service = await serviceWith(owner, [roleOf(org, 'user')])
        const id = await keyWith({ permissions: ['user:read:own', 'session:read:own'] })
        await set('api_keys', id, { user_id: service.id })
        return id
      },
    ],
  ],
  '/invitations/:id/edit': [
    ['an invitation of somebody else', owner, fullInvitation],
    ['an invitation to what its editor doesn’t see', invitationEditor, fullInvitation],
    [
      'an invitation to a role that is deleted',
      owner,
      async () => {
        const [role, stays] = [await makeRole(org), await makeRole(org)]
        const { id } = await invite(admin, { role_ids: [role, stays] })
        await gone('roles', role)
        return id
      },
    ],
    [
      'an invitation of somebody who is among the people',
      owner,
      async () => {
        const email = `${unique('guest')}@example.com`
        const user = await made(admin, '/users', {
          username: unique('guest'),
          email,
          role_ids: [await makeRole(org)],
        })
        const found = past.selectFrom('invitations').where('user_id', '=', user).select('id')
        return (await found.executeTakeFirstOrThrow()).id
      },
    ],
  ],
  '/organizations/:id/edit': [
    ['the own organization', owner, async () => org.id],
    ['any, from the platform', superadmin, async () => org.id],
  ],
}

async function fullGroup() {
  const id = await makeGroup(org, { parent: await makeGroup(org, { parent: group }) })
  const description = 'First line\n\n  second "line" & <b>'
  await set('groups', id, { description, owner_user_id: member.id, owner_group_id: group })
  return id
}
async function fullRole() {
  const [above, deleted] = [await makeRole(org, { permissions: ['user:read:own'] }), await makeRole(org)]
  const id = await makeRole(org, { permissions: ['group:read:all'], parents: [above, deleted] })
  await set('roles', id, { description: 'What “it” is', second_factor_required: true })
  await gone('roles', deleted)
  return id
}
async function keyWith(values: Record<string, unknown>) {
  const { key } = await withKey(owner, ['user:read:own', 'group:read:all'])
  if (Object.keys(values).length) await set('api_keys', key, values)
  return key
}

async function fullInvitation() {
  const role_ids = [await makeRole(org), await makeRole(org)]
  return (await invite(admin, { role_ids, group_id: await makeGroup(org) })).id
}
/** The rows of the organization that were written since; a session is when it is used. */
const since = async (before: readonly string[]) => {
  const known = new Set(before)
  return (await rows()).filter((row) => !known.has(row))
}
const rows = () => rowsOf(org.id, ['sessions'])

/** A whole record as its body has it: some of it stands under another name in the answer. */
function bodyOf(schema: z.ZodType, record: RecordRow): Record<string, unknown> {
  const ids = (list: unknown) => (list as { id: string }[] | undefined)?.map(({ id }) => id)
  type Held = { code: string; inherited_from?: object } | string
  const own = (record.permissions as Held[] | undefined)?.flatMap((held) =>
    typeof held === 'string' ? [held] : held.inherited_from ? [] : [held.code],
  )
  const whole: Record<string, unknown> = {
    ...record,
    parent_ids: ids(record.parents),
    role_ids: ids(record.roles),
    permissions: own,
  }
  const names = Object.keys((schema as ZodObject).shape)
  return Object.fromEntries(
    names.map((name) => [name, whole[name]]).filter(([, value]) => value !== undefined),
  )
}

test('every form to edit a record is among these, and so is everything that takes a whole record', () => {
  const edits = endpoints.filter(({ method, path }) => method === 'GET' && path.endsWith('/:id/edit'))
  expect(edits.map(({ path }) => path).sort()).toEqual(Object.keys(records).sort())
  const puts = endpoints.filter(({ method, path }) => method === 'PUT' && /^\/[^/]+\/:id$/.test(path))
  expect(puts.map(({ path }) => `${path}/edit`).sort()).toEqual(Object.keys(records).sort())
})

describe.each(Object.entries(records))('%s', (path, cases) => {
  const base = path.replace('/:id/edit', '')

  test.each(cases)('%s saved untouched stays as it is', async (_, by, make) => {
    const id = await make()
    const browser = browserOf(by)
    const page = await browser.get(path.replace(':id', id))
    expect(page.status, page.text.slice(0, 300)).toBe(200)
    const before = await rows()
    const record = await as(by).get(`/api/v1${base}/${id}`)
    const action = [`${base}/${id}`, `${base}/${id}/edit`].find((one) =>
      page.text.includes(`action="${one}"`),
    )
    const answer = await browser.post(action as string, formIn(page, action as string))
    expect(answer.status, /<div class="error-summary".*?<\/div>/s.exec(answer.text)?.[0]).toBe(303)
    expect(await since(before)).toEqual([])
    const again = await as(by).get(`/api/v1${base}/${id}`)
    expect([again.text, again.headers.get('etag')]).toEqual([record.text, record.headers.get('etag')])
    const next = await browser.get(answer.headers.get('location') as string)
    expect(next.text).toContain('Nothing changed')
  })

  test.each(cases)('%s sent as it is, in part and as a whole, stays as it is', async (_, by, make) => {
    const id = await make()
    const reader = base === '/organizations' ? by : owner
    const record = (await as(reader).get(`/api/v1${base}/${id}`)).json<RecordRow>()
    const before = await rows()
    for (const method of ['PATCH', 'PUT'] as const) {
      const { body } = endpoints.find((one) => one.method === method && one.path === `${base}/:id`) ?? {}
      if (!body) return expect.unreachable(`no ${method} ${base}/:id`)
      const verb = method === 'PUT' ? 'put' : 'patch'
      const answer = await as(reader)[verb](`/api/v1${base}/${id}`, bodyOf(body, record))
      expect([answer.status, answer.json()]).toEqual([200, record])
      expect(await since(before)).toEqual([])
    }
  })
})

test('one’s own profile saved untouched stays as it is', async () => {
  const browser = browserOf(owner)
  const form = formIn(await browser.get('/me'), '/me')
  const before = await rows()
  expect((await browser.post('/me', form)).status).toBe(303)
  expect(await since(before)).toEqual([])
  // and what is touched is saved
  expect((await browser.post('/me', { ...form, first_name: 'Ada' })).status).toBe(303)
  expect(await since(before)).not.toEqual([])
})

test('the matrix saved untouched says that there is nothing to save', async () => {
  const browser = browserOf(owner)
  const form = formIn(await browser.get('/access/matrix'), '/access/matrix')
  const before = await rows()
  const answer = await browser.post('/access/matrix', form)
  expect([answer.status, answer.text.includes('Choose a change')]).toEqual([422, true])
  expect(await since(before)).toEqual([])
})
