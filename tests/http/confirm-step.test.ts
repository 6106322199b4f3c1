import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { root } from '#src/config.ts'
import { isQuestion } from '#src/ui/question.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { withFactor } from '#tests/accounts/factors.ts'
import { type Answer, browserOf, ORIGIN } from '#tests/client.ts'
import { makeRole, makeUser, platformOrganization, roleOf, sessionOf } from '#tests/factories.ts'
import { attributes, decoded, type Fields, fieldsIn } from '#tests/http/forms.ts'
import { invite, storedInvitation } from '#tests/people/invitations/inviting.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, colleague, group, foreigner } = await makePeople()
const platform = await platformOrganization()
const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
const role = await makeRole(org, { permissions: ['user:read:own'] })
const guarded = await makeUser(org, { roles: [role] })
const invited = await makeUser(org, { status: 'invited' })
const deleted = await makeUser(org)
await withFactor(owner)
await withFactor(guarded)
await past
  .updateTable('accounts')
  .set({ locked_until: sql<string>`now() + interval '1 hour'` })
  .where('id', '=', guarded.accountId)
  .execute()
await past.updateTable('users').set({ deleted_at: sql<string>`now()` }).where('id', '=', deleted.id).execute()
await past
  .updateTable('organizations')
  .set({ status: 'suspended' })
  .where('id', '=', foreigner.org.id)
  .execute()
const invitation = await invite(owner)

/** Records of each kind, so that every button is on some page. */
const known: Record<string, readonly string[]> = {
  users: [guarded.id, invited.id, deleted.id],
  roles: [role],
  groups: [group],
  departments: [group],
  permissions: [org.permissions.get('user:read:own') as string],
  'api-keys': [(await withKey(owner, ['user:read:own'])).key],
  invitations: [invitation.id],
  organizations: [org.id, foreigner.org.id],
  sessions: [await sessionOf(colleague.cookie)],
}
const pages = endpoints
  .filter(
    ({ method, only, access, path }) =>
      method === 'GET' &&
      only !== 'json' &&
      only !== 'api' &&
      !('public' in access) &&
      !/:(?!id\b)|\/imports\/:id/.test(path),
  )
  .flatMap(({ path }) => {
    const ids = path.includes(':id') ? (known[path.split('/')[1] ?? ''] ?? []) : ['']
    return ids.map((id) => path.replace(':id', id))
  })

type Asking = {
  page: string
  by: typeof owner
  id: string
  title: string
  action: string
  fields: Fields
  markup: string
}

/** The forms that a dialog asks about, as they stand in a page. */
function askingIn({ text }: Answer, page: string, by: typeof owner): Asking[] {
  return [...text.matchAll(/(<form\b[^>]*\bdata-confirm\b[^>]*>)(.*?)<\/form>/gs)].map(
    ([, head = '', markup = '']) => ({
      page,
      by,
      id: attributes(/<dialog[^>]*>/.exec(markup)?.[0] ?? '').id ?? '',
      title: decoded(/<h2[^>]*>(.*?)<\/h2>/s.exec(markup)?.[1]),
      action: attributes(head).action ?? '',
      fields: fieldsIn(markup),
      markup,
    }),
  )
}

const asking: Asking[] = []
for (const page of pages)
  for (const by of page.startsWith('/organizations') ? [superadmin] : [owner])
    asking.push(...askingIn(await browserOf(by).get(page), page, by))

const kindOf = (id: string) => id.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, ':id')
/** The buttons that the sources have. */
const buttons = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.tsx'))
  .flatMap((file) => [
    ...readFileSync(join(root, 'src', file), 'utf8').matchAll(
      /<ConfirmButton\s[^/]*?\bid=(?:"([^"]+)"|\{`([^`]+)`\})/g,
    ),
  ])
  .map(([, plain, made = '']) => plain ?? made.replace(/\$\{[^}]+\}/g, ':id'))

const main = ({ text }: Answer) => text.slice(text.indexOf('<main'), text.indexOf('</main>'))
const events = async () =>
  (
    await past
      .selectFrom('events')
      .select(sql<string>`count(*)`.as('n'))
      .where('action', 'not like', 'access:%')
      .executeTakeFirstOrThrow()
  ).n

/** Presses the button on its page, as a browser without a script does. */
const press = ({ page, by, action, fields }: Asking, headers: Record<string, string> = {}) =>
  browserOf(by).post(action, fields, { Referer: ORIGIN + page, ...headers })

test('every button that asks is on one of these pages', () => {
  expect([...new Set(asking.map(({ id }) => kindOf(id)))].sort()).toEqual([...new Set(buttons)].sort())
})

describe('without JavaScript a button asks on a page of its own', () => {
  const each = asking.filter(({ id }, at) => asking.findIndex((one) => kindOf(one.id) === kindOf(id)) === at)

  test.each(each.map((one) => [kindOf(one.id), one] as const))('%s', async (_, one) => {
    const before = await events()
    const page = await press(one)
    expect([page.status, await events()]).toEqual([200, before])
    const dialog = [...one.markup.matchAll(/<p>(.*?)<\/p>/gs)].map(([, text = '']) => text)
    expect(decoded(/<h1[^>]*>(.*?)<\/h1>/s.exec(page.text)?.[1])).toBe(one.title)
    for (const text of dialog) expect(main(page)).toContain(`<p>${text}</p>`)
    const button = /<button[^>]*data-confirmed[^>]*>(.*?)<\/button>/s.exec(one.markup)?.[1]
    expect(button).toMatch(/^[A-Z][a-z]+ \w/)
    expect(main(page)).toContain(`>${button}</button>`)
    const [, cancel] = /<a class="button[^"]*" href="([^"]*)">Cancel<\/a>/.exec(main(page)) ?? []
    expect(cancel).toBe(one.page)
    const form =
      new RegExp(`<form[^>]* action="${one.action}"[^>]*>(.*?)</form>`, 's').exec(main(page))?.[1] ?? ''
    const own = Object.entries(one.fields).filter(([name]) => !isQuestion(name) && name !== 'csrf_token')
    const { csrf_token, ...carried } = fieldsIn(form)
    expect(csrf_token).toBeTruthy()
    expect(carried).toEqual(Object.fromEntries(own))
  })
})

describe('what the page asks', () => {
  const revoke = async () => {
    const made = await invite(owner)
    const [one] = askingIn(
      await browserOf(owner).get(`/invitations/${made.id}`),
      `/invitations/${made.id}`,
      owner,
    ).filter(({ id }) => id === 'revoke')
    return { ...(one as Asking), revoked: async () => (await storedInvitation(made.id)).status === 'revoked' }
  }

  test('is done once it is answered there', async () => {
    const { revoked, ...one } = await revoke()
    const page = await press(one)
    expect(await revoked()).toBe(false)
    const form = /<form[^>]*>(.*?)<\/form>/s.exec(main(page))?.[1] ?? ''
    const done = await browserOf(owner).post(one.action, fieldsIn(form), { Referer: ORIGIN + one.action })
    expect([done.status, await revoked()]).toEqual([303, true])
  })

  test('or in the dialog, whose button says so', async () => {
    const { revoked, ...one } = await revoke()
    const [tag = ''] = /<button[^>]*data-confirmed[^>]*>/.exec(one.markup) ?? []
    const { name = '', value = '' } = attributes(tag)
    const done = await press({ ...one, fields: { ...one.fields, [name]: value } })
    expect([done.status, await revoked()]).toEqual([303, true])
  })

  test('is asked of no program: its call says what it wants', async () => {
    const { revoked, ...one } = await revoke()
    const done = await press(one, { Accept: 'application/json' })
    expect([done.status < 300, await revoked()]).toEqual([true, true])
  })

  test('is asked of nobody whose form is from elsewhere, or who can’t do it', async () => {
    const { revoked, ...one } = await revoke()
    const forged = await press(
      { ...one, fields: { ...one.fields, csrf_token: 'x' } },
      { 'Sec-Fetch-Site': 'cross-site' },
    )
    const { csrf_token: _, ...fields } = one.fields
    const refused = await press({ ...one, by: colleague, fields })
    for (const { status, text } of [forged, refused]) {
      expect(status).toBe(403)
      expect(text).not.toContain('Revoke invitation</button>')
    }
    expect(await revoked()).toBe(false)
  })

  test('is words alone, whatever the form holds', async () => {
    const { revoked: _, ...one } = await revoke()
    const evil = '"><script>alert(1)</script>'
    const page = await press({
      ...one,
      fields: { ...one.fields, 'ask.title': evil, 'ask.text': evil, 'ask.button': evil },
    })
    expect(page.status).toBe(200)
    expect(page.text).toContain('&lt;script&gt;')
    expect(page.text).not.toContain('<script>')
  })
})
