import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf } from '#tests/factories.ts'
import { attributes } from '#tests/http/forms.ts'
import { invite } from '#tests/people/invitations/inviting.ts'
import { personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })

const lists = {
  '/users': ['users', async () => (await makeUser(org)).id],
  '/roles': ['roles', () => makeRole(org)],
  '/groups': ['groups', () => makeGroup(org)],
  '/departments': ['groups', () => makeGroup(org)],
  '/invitations': ['invitations', async () => (await invite(boss)).id],
} as const

/** The toggle of a list: whether it is on, and where it leads. */
async function toggleOf(address: string, by = boss) {
  const { text } = await browserOf(by).get(address)
  const links = [...text.matchAll(/(<a\b[^>]*id="filter-deleted-[^>]*>)(.*?)<\/a>/gs)]
  expect(links.length).toBeLessThan(2)
  const [, tag = '', label = ''] = links[0] ?? []
  const { href = '', 'aria-current': on } = attributes(tag)
  return { label, href, on: on === 'true', text }
}
const shows = (text: string, id: string) => text.includes(`id="row-${id}"`)

describe.each(Object.entries(lists))('deleted records of %s', (path, [table, make]) => {
  test('are shown by one toggle, which leads there and back', async () => {
    const [gone, there] = [await make(), await make()]
    await past.updateTable(table).set({ deleted_at: sql<string>`now()` }).where('id', '=', gone).execute()
    const off = await toggleOf(`${path}?sort=-created_at&limit=100`)
    expect([off.label, off.on]).toEqual(['Show deleted', false])
    expect([shows(off.text, gone), shows(off.text, there)]).toEqual([false, true])
    expect(off.href).toContain('deleted=true')
    const on = await toggleOf(off.href)
    expect([on.label, on.on]).toEqual(['Show deleted', true])
    expect([shows(on.text, gone), shows(on.text, there)]).toEqual([true, false])
    expect(on.href).toBe(off.href.replace(/[?&]deleted=true/, ''))
  })
})

test('who can’t delete has no toggle', async () => {
  const reader = await personWith(org, ['user:read:all'])
  expect((await toggleOf('/users', reader)).label).toBe('')
})

test('a program asks as before', async () => {
  const gone = await makeUser(org)
  await past.updateTable('users').set({ deleted_at: sql<string>`now()` }).where('id', '=', gone.id).execute()
  const ids = async (query: string) =>
    (await as(boss).get(`/api/v1/users?limit=200${query}`))
      .json<{ data: { id: string }[] }>()
      .data.map(({ id }) => id)
  expect(await ids('')).not.toContain(gone.id)
  expect(await ids('&deleted=true')).toContain(gone.id)
})

test('a question about them says so', async () => {
  const gone = await makeUser(org)
  await past.updateTable('users').set({ deleted_at: sql<string>`now()` }).where('id', '=', gone.id).execute()
  const page = await browserOf(boss).post('/users/bulk/preview', {
    action: 'restore',
    matching: 'deleted=true',
  })
  expect(page.text).toContain('Filter: Deleted.')
})
