import { describe, expect, test } from 'vitest'
import { anonymous, as, browserOf } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

type Entry = { title: string; hint: string | null; icon: string; path: string }
type Palette = { go: Entry[]; act: Entry[]; find: Entry[] }

const { owner: past } = await testDatabase()
const people = await makePeople()
const { org, group, elsewhere, owner, member, colleague, outsider, foreigner } = people

const ask = async (person: Person, q = '') =>
  (await as(person).get(`/api/palette?q=${encodeURIComponent(q)}`)).json<Palette>()
const titles = (entries: Entry[]) => entries.map(({ title }) => title)
const found = async (person: Person, q: string) => (await ask(person, q)).find.map(({ path }) => path)
const pathOf = ({ id }: { id: string }) => `/users/${id}`

describe('the palette', () => {
  test('is for people who are signed in', async () => {
    expect((await anonymous().get('/api/palette')).status).toBe(401)
  })

  test('goes where the person may go, and begins what they may begin', async () => {
    const all = await ask(owner)
    expect(titles(all.go)).toEqual(expect.arrayContaining(['Home', 'People', 'Sessions']))
    expect(all.act).toContainEqual({ title: 'Add person', hint: null, icon: 'users', path: '/users/new' })
    expect(all.find).toEqual([])

    const nothing = await ask(colleague)
    expect(titles(nothing.go)).toContain('Home')
    expect(titles(nothing.go)).not.toContain('People')
    expect(nothing.act).toEqual([])

    const reader = await ask(await personWith(org, ['user:read:all']))
    expect(titles(reader.go)).toContain('People')
    expect(titles(reader.act)).not.toContain('Add person')
  })

  test('leads to pages that are there', async () => {
    const { go, act } = await ask(owner)
    for (const { path } of [...go, ...act]) expect((await browserOf(owner).get(path)).status, path).toBe(200)
  })

  test.each([
    ['peo', 'People'],
    ['PÉO', 'People'],
    ['organ peo', 'People'],
  ])('knows what begins with %j', async (q, title) => {
    expect(titles((await ask(owner, q)).go)).toContain(title)
  })

  test.each(['eople', 'people x'])('does not know %j', async (q) => {
    expect((await ask(owner, q)).go).toEqual([])
  })

  test.each(['/api/palette?x=1', `/api/palette?q=${'x'.repeat(201)}`])('refuses %s', async (path) => {
    expect((await as(owner).get(path)).status).toBe(400)
  })
})

describe('records', () => {
  test('are found by the beginnings of their words, with what tells them apart', async () => {
    const first_name = unique('Zoë')
    const zoe = await makeUser(org, { first_name, last_name: 'Ångström' })
    const title = `${first_name} Ångström`
    const entry = { title, hint: zoe.username, icon: 'users', path: pathOf(zoe) }
    for (const q of [first_name, `ang ${first_name}`, first_name.toUpperCase()])
      expect((await ask(owner, q)).find, q).toEqual([entry])
    expect(await found(owner, `${first_name} nobody`)).toEqual([])
  })

  test('are those of the reader’s own reach', async () => {
    const last_name = unique('Reach')
    const [near, far] = await Promise.all([
      makeUser(org, { last_name, groups: [group] }),
      makeUser(org, { last_name, groups: [elsewhere] }),
    ])
    expect((await found(owner, last_name)).sort()).toEqual([near, far].map(pathOf).sort())
    expect(await found(member, last_name)).toEqual([pathOf(near)])
    expect(await found(outsider, last_name)).toEqual([pathOf(far)])
    expect(await found(colleague, last_name)).toEqual([])
    expect(await found(foreigner, last_name)).toEqual([])
  })

  test('that are deleted are not found', async () => {
    const last_name = unique('Gone')
    const gone = await makeUser(org, { last_name })
    expect(await found(owner, last_name)).toEqual([pathOf(gone)])
    await past
      .updateTable('users')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', gone.id)
      .execute()
    expect(await found(owner, last_name)).toEqual([])
  })

  test('are the first five, in the order of their list', async () => {
    const last_name = unique('Many')
    for (const first_name of ['F', 'E', 'D', 'C', 'B', 'A']) await makeUser(org, { first_name, last_name })
    const { find } = await ask(owner, last_name)
    expect(titles(find)).toHaveLength(5)
    expect(titles(find)).toEqual(titles(find).toSorted())
  })
})

describe('the order', () => {
  const headings = async (q: string) => {
    const { text } = await browserOf(owner).get(`/palette?q=${encodeURIComponent(q)}`)
    return [...text.matchAll(/<h2 id="palette-\d">([^<]*)/g)].map(([, title]) => title)
  }

  test('is places first, where what was typed begins their first word', async () => {
    await makeUser(org, { first_name: 'Peoplekeeper', last_name: unique('Order') })
    expect(await headings('people')).toEqual(['Go to', 'Actions', 'Records'])
    await makeUser(org, { first_name: 'Addison', last_name: unique('Order') })
    expect(await headings('add')).toEqual(['Actions', 'Records'])
  })

  test('is records first elsewhere, and where one is called just what was typed', async () => {
    const { username } = await makeUser(org, { first_name: 'Sessions' })
    expect(await headings('sessions')).toEqual(['Records', 'Go to'])
    expect(await headings(username)).toEqual(['Records'])
    await makeUser(org, { first_name: 'Personal', last_name: unique('Order') })
    // an action has it as its second word
    expect(await headings('person')).toEqual(['Records', 'Actions'])
  })

  test('has permissions where a colon is typed', async () => {
    expect(await found(owner, 'session read own')).toEqual([])
    expect((await found(owner, 'session:read:own')).length).toBe(1)
  })
})

describe('its page', () => {
  test('works without a script', async () => {
    const { text } = await browserOf(owner).get(`/palette?q=${colleague.username}`)
    expect(text).toContain(`<a href="/users/${colleague.id}">`)
    expect(text).toContain(`value="${colleague.username}"`)
    expect(await browserOf(owner).get('/palette?q=nothingatall')).toMatchObject({
      status: 200,
      text: expect.stringContaining('Nothing matches'),
    })
  })

  test('has its results where the dialog looks for them', async () => {
    const headers = { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }
    const { text } = await browserOf(owner).get('/palette', headers)
    expect(text).not.toContain('<html')
    expect(text).toMatch(/<div id="palette-results" class="palette-results"><section /)
  })
})
