import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { isSearch } from '#src/http/search-step.ts'
import { isQuestion } from '#src/ui/question.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { browserOf } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeRole,
  makeUser,
  platformOrganization,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { attributes, type Fields, type Form, fieldsIn, formsOf } from '#tests/http/forms.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, colleague, group } = await makePeople()
const platform = await platformOrganization()
const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
const role = await makeRole(org, { permissions: ['user:read:own'] })
await assign(org, colleague.id, role)

/** Pages with a form, each with a record of its own where it is about one; `shows` where the answer is a page at once. */
const pages: Record<string, { by?: Person; id?: () => Promise<string>; shows?: number }> = {
  '/users/new': {},
  '/users/:id/edit': { id: async () => (await makeUser(org)).id },
  '/users/:id/roles': { id: async () => (await makeUser(org)).id },
  '/roles/new': {},
  '/roles/create-minimal': {},
  '/roles/from-template': {},
  '/roles/:id/edit': { id: () => makeRole(org, { permissions: ['user:read:own'] }) },
  '/groups/new': {},
  '/groups/:id/edit': { id: () => makeGroup(org, { parent: group }) },
  '/groups/:id/members': { id: () => makeGroup(org) },
  '/departments/new': {},
  '/departments/:id/edit': { id: () => makeGroup(org, { parent: group }) },
  '/departments/:id/members': { id: () => makeGroup(org) },
  '/permissions/new': {},
  '/permissions/:id/edit': { id: async () => org.permissions.get('user:read:own') as string },
  '/invitations/new': {},
  '/invitations/:id/edit': { id: async () => (await invite(owner)).id },
  '/service-accounts/new': {},
  '/api-keys/new': { shows: 201 },
  '/api-keys/:id/edit': { id: async () => (await withKey(owner, ['user:read:own'])).key },
  '/api-keys/:id/rotate': { shows: 200, id: async () => (await withKey(owner, ['user:read:own'])).key },
  '/organizations/new': { by: superadmin },
  '/organizations/:id/edit': { id: async () => org.id },
  '/me': {},
}

/** What somebody types where something is needed; everything else stays as it was rendered. */
const typed: Record<string, () => string> = {
  username: () => unique('name'),
  email: () => `${unique('address')}@example.com`,
  emails: () => `${unique('one')}@example.com\r\n${unique('other')}@example.com`,
  name: () => unique('Name '),
  model: () => unique('model').replace(/\W/g, '_'),
  action: () => 'export',
  user: () => colleague.username,
  owner_username: () => unique('owner'),
  owner_email: () => `${unique('owner')}@example.com`,
}

/** Fills in what is required and empty; of boxes of which one is needed, ticks the first. */
function filledIn({ markup }: Form): Fields {
  const fields = fieldsIn(markup)
  for (const [tag] of markup.matchAll(/<(?:input|textarea)\b[^>]*>/g)) {
    const { name = '', value = '', type } = attributes(tag)
    const needed = /\brequired\b/.test(tag) && fields[name] === ''
    if (needed) fields[name] = (typed[name] ?? (() => expect.unreachable(`what is a ${name}?`)))()
    if (name === 'permissions' && type === 'checkbox' && fields.permissions === '')
      fields.permissions = ['', value]
  }
  return fields
}

const patternOf = (path: string) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`)
/** The endpoint that a form goes to: with words before ids, as the router has them. */
const endpointOf = ({ action, method }: Form): Endpoint | undefined =>
  endpoints.find((one) => one.method === method && one.path === action) ??
  endpoints.find(
    (one) =>
      one.method === method && one.only !== 'json' && one.only !== 'api' && patternOf(one.path).test(action),
  )

const inMain = (text: string) => ({ text: text.slice(text.indexOf('<main')) })

test('every page to make or change a record is among these', () => {
  const forms = endpoints.filter(
    ({ method, path, only }) => method === 'GET' && only === 'page' && /\/(new|edit)$/.test(path),
  )
  expect(forms.map(({ path }) => path).filter((path) => !pages[path])).toEqual([])
})

describe.each(Object.entries(pages))('the form of %s', (path, { by = owner, id, shows = 303 }) => {
  test.each([
    ['without JavaScript', {}],
    ['with it', { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }],
  ] as [string, Record<string, string>][])('is taken as it was rendered, %s', async (_, headers) => {
    const browser = browserOf(by)
    const address = path.replace(':id', (await id?.()) ?? '')
    const page = await browser.get(address, headers)
    expect(page.status).toBe(200)
    const forms = formsOf({ ...page, text: page.text.slice(page.text.indexOf('<main')) })
    const form = forms.find(({ markup }) => /class="button primary"/.test(markup))
    if (!form) return expect.unreachable(`no form on ${address}`)
    const answer = await browser.post(form.action, filledIn(form), headers)
    const summary = /<div class="error-summary".*?<\/div>/s.exec(answer.text)?.[0]
    expect([form.action, answer.status, summary]).toEqual([form.action, shows, undefined])
    const next = answer.headers.get('location')
    if (next) expect((await browser.get(next)).status).toBe(200)
  })
})

const whoFor = (path: string) =>
  path === '/organizations/new'
    ? [superadmin]
    : path.startsWith('/organizations')
      ? [owner, superadmin]
      : [owner]
const lastEvent = () =>
  past.selectFrom('events').where('org_id', '=', org.id).select('id').limit(1).executeTakeFirstOrThrow()

describe('no form sends a field that isn’t one there', async () => {
  const service = await serviceWith(owner, [role])
  const known: Record<string, string> = {
    users: (await makeUser(org, { groups: [group] })).id,
    roles: role,
    groups: group,
    departments: group,
    permissions: org.permissions.get('user:read:own') as string,
    'api-keys': (await withKey(owner, ['user:read:own'])).key,
    invitations: (await invite(owner)).id,
    'service-accounts': service.id,
    organizations: org.id,
    sessions: await sessionOf(colleague.cookie),
    events: (await lastEvent()).id,
  }
  // files on their way in have steps of their own
  const all = endpoints.filter(
    ({ method, path, only, access }) =>
      method === 'GET' &&
      only !== 'json' &&
      only !== 'api' &&
      !('public' in access) &&
      !/:(?!id\b)|\/imports\/:id/.test(path),
  )
  test.each(all.map(({ path }) => path))('%s', async (path) => {
    for (const by of whoFor(path)) {
      const { status, text } = await browserOf(by).get(
        path.replace(':id', known[path.split('/')[1] ?? ''] ?? owner.id),
      )
      expect(status).toBeOneOf([200, 303])
      for (const form of formsOf({ ...inMain(text) } as never)) {
        const endpoint = endpointOf(form)
        expect(endpoint, `${form.method} ${form.action}`).toBeDefined()
        const { csrf_token: _, _method, version: __, ...fields } = fieldsIn(form.markup, 'typed')
        const sent = Object.fromEntries(
          Object.entries(fields).filter(([name]) => !isSearch(name) && !isQuestion(name)),
        )
        const { error } = endpoint?.body?.safeParse(sent) ?? {}
        const strange = error?.issues.flatMap((issue) =>
          issue.code === 'unrecognized_keys' ? issue.keys : [],
        )
        expect([form.action, strange ?? []]).toEqual([form.action, []])
        if (!endpoint?.body) expect([form.action, Object.keys(sent)]).toEqual([form.action, []])
      }
    }
  })
})
