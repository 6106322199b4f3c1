import { describe, expect, test } from 'vitest'
import type { Option } from '#src/resource/references/options.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeUser, unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, group, elsewhere, owner, member, outsider, colleague, foreigner } = await makePeople()
const family = unique('Option')

// many enough that no page holds them all, and one that comes last
for (let i = 0; i < 25; i++)
  await makeUser(org, { first_name: `A${String(i).padStart(2, '0')}`, last_name: family })
const last = await makeUser(org, { first_name: 'Žofie', last_name: `${family}z` })

type Found = { data: Option[]; page: { next: string | null } }
const ask = async (person: Person, query: string, path = '/users') =>
  as(person).get(`/api${path}/options?${query}`)
const ids = async (person: Person, q: string, path?: string) =>
  (await ask(person, `q=${encodeURIComponent(q)}`, path)).json<Found>().data.map(({ id }) => id)

describe('options', () => {
  test('are found by the beginnings of their words, whatever the accents, beyond the first page', async () => {
    expect((await ask(owner, `q=zofie`)).json<Found>().data).toEqual([
      { id: last.id, name: `Žofie ${family}z`, hint: last.username },
    ])
    expect(await ids(owner, last.username)).toEqual([last.id])
    expect(await ids(owner, `zofie nobody`)).toEqual([])
  })

  test('come in pages that lead to all of them', async () => {
    const seen: string[] = []
    let after = ''
    for (;;) {
      const { data, page } = (await ask(owner, `q=${family}&limit=10${after}`)).json<Found>()
      seen.push(...data.map(({ id }) => id))
      if (!page.next) break
      after = `&after=${encodeURIComponent(page.next)}`
    }
    expect(new Set(seen).size).toBe(26)
    expect(seen).toHaveLength(26)
  })

  test('are those of the reader’s own reach, and nobody else’s', async () => {
    const last_name = unique('Reach')
    const near = await makeUser(org, { last_name, groups: [group] })
    const far = await makeUser(org, { last_name, groups: [elsewhere] })
    expect((await ids(owner, last_name)).sort()).toEqual([near.id, far.id].sort())
    expect(await ids(member, last_name)).toEqual([near.id])
    expect(await ids(outsider, last_name)).toEqual([far.id])
    expect(await ids(foreigner, last_name)).toEqual([])
    expect((await ask(colleague, `q=${last_name}`)).status).toBe(403)
    // nor are they counted
    expect((await ask(member, `q=${last_name}`)).json<{ page: { total: number } }>().page.total).toBe(1)
  })

  test('leave out what is deleted', async () => {
    const name = unique('gone')
    const id = await makeGroup(org, { name })
    expect(await ids(owner, name, '/groups')).toEqual([id])
    await past
      .updateTable('groups')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', id)
      .execute()
    expect(await ids(owner, name, '/groups')).toEqual([])
  })
})

/** The value and label of the radio button that is chosen, without a script. */
const radios = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<input type="radio"[^>]*name="${name}" value="([^"]*)"([^>]*)/>`, 'g'))].map(
    ([, value, more = '']) => ({ value, checked: more.includes('checked') }),
  )

describe('more groups than fit into a select', () => {
  test('are searched for by whoever invites', async () => {
    const first = await browserOf(foreigner).get('/invitations/new')
    expect(first.text).not.toContain('data-picker="group_id"')
    for (let i = 0; i < 201; i++) await makeGroup(foreigner.org)
    const name = unique('zzz')
    const id = await makeGroup(foreigner.org, { name })
    const { text } = await browserOf(foreigner).get('/invitations/new')
    expect(text).toContain('data-picker="group_id"')
    const step = await browserOf(foreigner).post('/invitations/many', {
      emails: 'kept@example.com',
      'find.group_id': name,
    })
    expect(step.text).toContain('kept@example.com')
    expect(radios(step.text, 'group_id').map(({ value }) => value)).toEqual(['', id])
  })
})

describe('a reference in a form, without a script', () => {
  const typed = { name: unique('typed'), kind: 'team', description: 'Kept as it is' }

  test('is searched for in a step that loses nothing and writes nothing', async () => {
    const browser = browserOf(owner)
    const step = await browser.post('/groups', {
      ...typed,
      'find.owner_user_id': 'zofie',
      find: 'owner_user_id',
    })
    expect(step.status).toBe(422)
    expect(step.text).toContain(typed.name)
    expect(step.text).toContain(typed.description)
    expect(radios(step.text, 'owner_user_id')).toEqual([
      { value: '', checked: true },
      { value: last.id, checked: false },
    ])
    expect(await ids(owner, typed.name, '/groups')).toEqual([])

    const made = await browser.post('/groups', { ...typed, owner_user_id: last.id, 'find.owner_user_id': '' })
    expect(made.status).toBe(303)
    const [id] = await ids(owner, typed.name, '/groups')
    const { text } = await browser.get(`/groups/${id}/edit`)
    // far beyond the first page, and still by name
    expect(text).toContain(`value="Žofie ${family}z"`)
    expect(radios(text, 'owner_user_id')).toEqual([
      { value: '', checked: false },
      { value: last.id, checked: true },
    ])
    expect(
      (await browser.patch(`/groups/${id}`, { ...typed, kind: [], owner_user_id: last.id })).status,
    ).toBe(303)
  })

  test('is searched for where words wait in its field, whichever button was pressed', async () => {
    const step = await browserOf(owner).post('/groups', {
      ...typed,
      name: unique('n'),
      'find.owner_user_id': 'zofie',
    })
    expect(step.status).toBe(422)
    expect(radios(step.text, 'owner_user_id').map(({ value }) => value)).toContain(last.id)
  })

  test('keeps what was chosen through a refusal, by its name', async () => {
    const { status, text } = await browserOf(owner).post('/groups', {
      ...typed,
      name: '',
      owner_user_id: last.id,
    })
    expect(status).toBe(422)
    expect(text).toContain(`value="Žofie ${family}z"`)
    expect(radios(text, 'owner_user_id')).toContainEqual({ value: last.id, checked: true })
  })

  test('finds nobody whom the writer may not see', async () => {
    const step = await browserOf(foreigner).post('/groups', { ...typed, 'find.owner_user_id': 'zofie' })
    expect(step.status).toBe(422)
    expect(step.text).not.toContain(last.id)
    expect(step.text).toContain('No people match “zofie”')
  })

  test('search fields are none of a program', async () => {
    const answer = await as(owner).post('/api/groups', { ...typed, 'find.owner_user_id': 'zofie' })
    expect(answer.status).toBe(422)
    expect(answer.json().errors?.map(({ path }) => path)).toEqual(['find.owner_user_id'])
  })
})
