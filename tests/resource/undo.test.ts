import { describe, expect, test } from 'vitest'
import { type Answer, as, type Browser, browserOf, ORIGIN } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { attributes, decoded, type Fields, fieldsIn, formIn } from '#tests/http/forms.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const foreigner = await makeUser(await makeOrganization(), {})

const named = async (): Promise<[string, string]> => {
  const last_name = unique('Demo')
  return [(await makeUser(org, { first_name: 'Dora', last_name })).id, `Dora ${last_name}`]
}
const kinds = {
  users: ['users', named],
  roles: ['roles', async () => withName(unique('role'), (name) => makeRole(org, { name }))],
  groups: ['groups', async () => withName(unique('group'), (name) => makeGroup(org, { name }))],
  departments: ['groups', async () => withName(unique('dep'), (name) => makeGroup(org, { name }))],
  invitations: ['invitations', async () => [(await invite(boss)).id, ''] as [string, string]],
} as const
async function withName(name: string, make: (name: string) => Promise<string>): Promise<[string, string]> {
  return [await make(name), name]
}

const isDeleted = async (table: 'users' | 'roles' | 'groups' | 'invitations', id: string) =>
  (await past.selectFrom(table).select('deleted_at').where('id', '=', id).executeTakeFirstOrThrow())
    .deleted_at !== null

/** What stands above the page: what was done, and the form that takes it back. */
function stripOf({ text }: Answer): { said: string; action: string; fields: Fields } | null {
  const strip = /<div class="undo"[^>]*><p>(.*?)<\/p>(<form\b[^>]*>)(.*?)<\/form>/s.exec(text)
  if (!strip) return null
  const [, said, head = '', markup = ''] = strip
  expect(markup).toContain('Undo</button>')
  return { said: decoded(said), action: attributes(head).action ?? '', fields: fieldsIn(markup) }
}
const toastOf = ({ text }: Answer) => decoded(/<p class="notice[^>]*>.*?<span>(.*?)<\/span>/s.exec(text)?.[1])
const locationOf = ({ headers }: Answer) => headers.get('location') ?? ''

/** From the list to the record, to the question, and back to the list: as pages lead there. */
async function remove(browser: Browser, list: string, id: string): Promise<Answer> {
  const record = await browser.get(`${list.split('?')[0]}/${id}`, { Referer: ORIGIN + list })
  const href = decoded(/<a class="button danger" href="([^"]*\/delete[^"]*)"/.exec(record.text)?.[1])
  const asked = await browser.get(href)
  const action = href.replace(/\/delete.*/, '')
  const gone = await browser.post(action, formIn(asked, action), { Referer: ORIGIN + href })
  expect([gone.status, locationOf(gone)]).toEqual([303, list])
  return browser.get(list)
}

describe.each(Object.entries(kinds))('what was deleted of %s', (path, [table, make]) => {
  test('is brought back by one button, and the list stays as it was', async () => {
    const [id, name] = await make()
    const browser = browserOf(boss)
    const list = `/${path}?sort=-created_at&limit=5`
    const page = await remove(browser, list, id)
    expect(await isDeleted(table, id)).toBe(true)
    const strip = stripOf(page)
    if (!strip) return expect.unreachable(page.text)
    expect(strip.said).toContain(`${name} deleted.`)
    expect(toastOf(page)).toBe('')
    expect(strip.action).toBe(`/${path}/${id}/restore`)
    // said once
    expect(stripOf(await browser.get(list))).toBeNull()
    const back = await browser.post(strip.action, strip.fields, { Referer: ORIGIN + list })
    expect([back.status, locationOf(back), await isDeleted(table, id)]).toEqual([303, list, false])
    const after = await browser.get(list)
    expect(toastOf(after)).toBe(strip.said.replace('deleted.', 'restored.'))
    expect([stripOf(after), after.text.includes(`id="row-${id}"`)]).toEqual([null, true])
  })
})

describe('who can’t bring back', () => {
  const list = '/users?q=dora'
  test('what never comes back is offered nothing', async () => {
    const model = unique('m').replace(/\W/g, '_')
    const made = await as(boss).post('/api/v1/permissions', { model, action: 'export', scope: 'all' })
    const page = await remove(browserOf(boss), '/permissions', made.json<{ id: string }>().id)
    expect([stripOf(page), toastOf(page)]).toEqual([null, `${model}:export:all deleted.`])
  })

  test('an invitation with more than they can give is offered nothing, and may delete it', async () => {
    const weak = await personWith(org, [
      'invitation:read:all',
      'invitation:delete:all',
      'invitation:create:all',
    ])
    const { id } = await invite(boss, { role_ids: [roleOf(org, 'admin')] })
    const page = await remove(browserOf(weak), '/invitations', id)
    expect([await isDeleted('invitations', id), stripOf(page)]).toEqual([true, null])
    expect(toastOf(page)).toContain('deleted.')
    const forced = await browserOf(weak).post(`/invitations/${id}/restore`)
    expect([forced.status, await isDeleted('invitations', id)]).toEqual([403, true])
  })

  const deletedBy = async (by: Person) => {
    const [id] = await named()
    const strip = stripOf(await remove(browserOf(by), list, id))
    return { id, strip: strip ?? expect.unreachable('nothing to undo') }
  }

  test('by now is refused', async () => {
    const once = await personWith(org, ['user:read:all', 'user:delete:all'])
    const { id, strip } = await deletedBy(once)
    await past.deleteFrom('user_roles').where('user_id', '=', once.id).execute()
    const reader = await personWith(org, ['user:read:all'])
    const answer = await browserOf(reader).post(strip.action, { back: strip.fields.back ?? '' })
    expect([answer.status, await isDeleted('users', id)]).toEqual([403, true])
  })

  test('in another organization doesn’t exist', async () => {
    await past
      .updateTable('users')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', foreigner.id)
      .execute()
    const answer = await browserOf(boss).post(`/users/${foreigner.id}/restore`, { back: '' })
    expect([answer.status, await isDeleted('users', foreigner.id)]).toEqual([404, true])
  })

  test('by a form from elsewhere is refused', async () => {
    const { id, strip } = await deletedBy(boss)
    const forged = await browserOf(boss).post(strip.action, { ...strip.fields, csrf_token: 'x' })
    expect([forged.status, await isDeleted('users', id)]).toEqual([403, true])
    const own = await browserOf(boss).post(strip.action, strip.fields)
    expect([own.status, await isDeleted('users', id)]).toEqual([303, false])
  })

  test('as a program is told nothing of it', async () => {
    const [id] = await named()
    const answer = await as(boss).delete(`/api/v1/users/${id}`)
    expect([answer.status, answer.text, answer.headers.get('set-cookie')]).toEqual([204, '', null])
  })
})

test('a cookie makes no other form than one that brings back', async () => {
  const browser = browserOf(boss)
  const shown = async (undo: string) => {
    browser.cookies.set('notice', `Done|${undo}`)
    return stripOf(await browser.get('/users'))
  }
  for (const undo of [
    '/me/sessions',
    `/users/${boss.id}`,
    `//evil.example/users/${boss.id}/restore`,
    '/users/x/restore',
  ])
    expect(await shown(undo)).toBeNull()
  expect(await shown(`/users/${boss.id}/restore`)).not.toBeNull()
})

test('and a list from elsewhere is none to go back to', async () => {
  const [id] = await named()
  for (const from of ['http://evil.example/users?q=x', `${ORIGIN}/roles?q=x`]) {
    const { text } = await browserOf(boss).get(`/users/${id}`, { Referer: from })
    expect(text).toContain(`href="/users/${id}/delete"`)
  }
})
