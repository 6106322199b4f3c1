import { beforeAll, describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { paths } from '#src/paths.ts'
import { makeSuperadmin } from '#tests/access/entering.ts'
import { as, browserOf } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'

const RTL = /[\u0590-\u08ff]/
const org = await makeOrganization(`חברה ${unique('')}`)
const names = { first_name: 'שרה', last_name: 'כהן' }
const [group, role] = await Promise.all([makeGroup(org, { name: 'קבוצה' }), makeRole(org, { name: 'תפקיד' })])
const owner = await makeUser(org, {
  ...names,
  username: `שרה${unique('').replace(/\D/g, '')}`,
  roles: [roleOf(org, 'owner'), role],
})
const other = await makeUser(org, { first_name: 'علي', last_name: 'حسن' })
const service = (
  await as(owner).post('/api/v1/service-accounts', { username: unique('s'), first_name: 'לילה' })
).json<{ id: string }>()
const key = (
  await as(owner).post('/api/v1/me/api-keys', { name: 'מפתח', permissions: ['user:read:own'] })
).json<{ id: string }>()
await as(owner).put(`/api/v1/groups/${group}/members/${other.id}`, { role: 'lead' })
await as(owner).post(`/api/v1/users/${other.id}/roles/${role}`, { expires_at: '2030-01-01T00:00:00Z' })
await assign(org, other.id)
const invitation = await invite(owner, { role_ids: [role], group_id: group })
const events = (await as(owner).get('/api/v1/events?limit=100')).json<{ data: { id: string }[] }>().data

/** Texts of a page, without what is isolated. */
function lines(html: string): string[] {
  return html
    .replace(/<(script|style|svg|textarea)\b.*?<\/\1>/gs, '')
    .replace(/\u2068[^\u2069]*\u2069|<bdi>.*?<\/bdi>/gs, '')
    .replace(/<\/?(?:a|b|bdi|code|em|i|span|strong|time|mark)\b[^>]*>/g, '')
    .split(/<[^>]*>/)
    .map((line) => line.trim())
}
const turned = (line: string) => RTL.test(line)

const ids: Record<string, string> = {
  users: other.id,
  groups: group,
  departments: group,
  roles: role,
  sessions: await sessionOf(owner.cookie),
  'api-keys': key.id,
  invitations: invitation.id,
  organizations: org.id,
  'service-accounts': service.id,
  events: events[0]?.id ?? '',
}
const pages = endpoints
  .filter(({ method, only }) => method === 'GET' && (only === undefined || only === 'page'))
  .map(({ path }) => path)
const filled = (path: string) =>
  path.replace(/\/([\w-]+)\/:\w+/g, (_, of: string) => `/${of}/${ids[of] ?? other.id}`).replace(/:\w+/g, role)

test.each([...pages, ...events.slice(0, 12).map(({ id }) => paths.event(id))])(
  'names that run from right to left turn no sentence of %s',
  async (path) => {
    const page = await browserOf(owner).get(filled(path))
    expect(lines(page.text).filter(turned)).toEqual([])
  },
)

test('a name is isolated as a whole, once, and what it is made of stays as it was sent', async () => {
  const { text } = await browserOf(owner).get(paths.user(owner.id))
  expect(text).toContain('<bdi>שרה כהן</bdi>')
  expect(text).toContain('<title>\u2068שרה כהן\u2069 · Ambit</title>')
  const form = await browserOf(owner).get(`${paths.user(owner.id)}/edit`)
  expect(form.text).toContain('value="שרה"')
  expect((await browserOf(owner).get(paths.event(events[0]?.id ?? ''))).text).toContain('<bdi>')
})

test('names from left to right get no marks', async () => {
  const plain = await makeOrganization()
  const ada = await makeUser(plain, { first_name: 'Ada', roles: [roleOf(plain, 'owner')] })
  const { text } = await browserOf(ada).get(paths.users)
  expect(text).toContain('Ada')
  expect(text).not.toMatch(/<bdi>|[\u2066-\u2069]/)
})

test('a mail that names them turns no line round, as text or as HTML', async () => {
  const email = `${unique('guest')}@example.com`
  await invite(owner, { email })
  const [mail] = await mailTo(email)
  expect(mail?.text).toContain('“\u2068שרה כהן\u2069” invited you to join “\u2068חברה\u2069')
  expect(mail?.subject).toContain('\u2068חברה\u2069')
  expect(lines(mail?.html ?? '').filter(turned)).toEqual([])
  expect(mail?.html).toContain('“<bdi>שרה כהן</bdi>” invited you')
})

test.each(['\u202e', '\u2067', '\u200f', '\u061c'])(
  'a name that begins with %j can’t be stored',
  async (mark) => {
    const refused = [
      await as(owner).patch(`/api/v1/users/${other.id}`, { first_name: `${mark}Ada` }),
      await as(owner).patch(`/api/v1/groups/${group}`, { name: `${mark}Ada` }),
      await as(owner).patch(`/api/v1/roles/${role}`, { name: `${mark}Ada` }),
      await as(owner).patch(`/api/v1/organizations/${org.id}`, { name: `${mark}Ada` }),
      await as(owner).patch(`/api/v1/api-keys/${key.id}`, { name: `${mark}Ada` }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422])
  },
)

describe('free text', () => {
  let superadmin: Person
  beforeAll(async () => {
    superadmin = await makeSuperadmin()
  })
  const TURNING = 'Remove the character that changes the direction of text'
  const sent = async (text: string) => [
    await as(owner).patch(`/api/v1/groups/${group}`, { description: text }),
    await as(owner).patch(`/api/v1/roles/${role}`, { description: text }),
    await as(owner).post('/api/v1/permissions', {
      model: unique('m').replaceAll(/[^a-z0-9]/g, ''),
      action: 'read',
      scope: 'all',
      description: text,
    }),
    await as(owner).post(`/api/v1/users/${other.id}/roles/${roleOf(org, 'guest')}`, { reason: text }),
    await as(superadmin).post(`/api/v1/organizations/${org.id}/enter`, { reason: text }),
  ]

  test.each(['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'])(
    'with %j in it can’t be stored: it would turn what stands behind it',
    async (mark) => {
      for (const answer of await sent(`for the night${mark} shift`))
        expect([answer.status, answer.json().errors?.map(({ message }) => message)], answer.text).toEqual([
          422,
          [TURNING],
        ])
    },
  )

  test('has the marks that Hebrew and Arabic are typed with, which are isolated as letters are', async () => {
    const text = 'Danke!\u200f \u200eשלום\u061c'
    for (const answer of await sent(text)) expect(answer.status, answer.text).toBeLessThan(300)
    const page = await browserOf(owner).get(paths.role(role))
    expect(page.text).toContain('Danke!<bdi>\u200f</bdi> \u200e<bdi>שלום\u061c</bdi>')
  })
})
