import { describe, expect, test } from 'vitest'
import type { Option } from '#src/resource/references/options.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeRole, unique } from '#tests/factories.ts'
import { formIn } from '#tests/http/forms.ts'
import { makePeople, OF_GROUP, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, group, elsewhere, foreigner } = await makePeople()
/** May bring people into one group, and reads all of them. */
const narrow = await personWith(org, [...OF_GROUP, 'group:read:all', 'role:read:all'], { groups: [group] })

const family = unique('Depot').replace('-', '')
const groups = await past
  .insertInto('groups')
  .values(
    Array.from({ length: 300 }, (_, i) => ({ org_id: org.id, kind: 'team', name: `${family} ${1000 + i}` })),
  )
  .returning('id')
  .execute()
const nth = (i: number) => ({ id: (groups[i - 1] as { id: string }).id, name: `${family} ${1000 + i - 1}` })

const newPerson = () => {
  const username = unique('new')
  return { username, email: `${username}@example.com` }
}
const typed = () => ({ ...newPerson(), first_name: 'Kept', last_name: 'As typed', password: '' })

/** What a form has chosen of a field: chips, or ticked boxes. */
const chips = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<input type="hidden" name="${name}" value="([^"]+)"/>`, 'g'))].map(
    ([, value]) => value,
  )
/** The boxes of a field, whether ticked or not. */
const boxes = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<input type="checkbox"[^>]*name="${name}" value="([^"]*)"`, 'g'))].map(
    ([, value]) => value,
  )
const options = async (by: Person, path: string) =>
  (await as(by).get(`/api/v1${path}`)).json<{ data: Option[]; page: { next: string | null } }>()
const groupsOf = async (username: string) =>
  past
    .selectFrom('group_members')
    .innerJoin('users', 'users.id', 'group_members.user_id')
    .where('users.username', '=', username)
    .select('group_id')
    .execute()
    .then((rows) => rows.map(({ group_id }) => group_id).sort())

describe('a group of 300, for a new person', () => {
  const chosen = nth(250)

  test('is found by those who may place people in it, and sent as boxes would', async () => {
    const { text } = await browserOf(owner).get('/users/new')
    expect(text).toContain('data-options="/groups/options?for=user"')
    expect(boxes(text, 'groups')).toEqual([])
    const { data } = await options(owner, `/groups/options?for=user&q=${encodeURIComponent(chosen.name)}`)
    expect(data).toEqual([{ ...chosen, hint: 'team' }])
    const person = typed()
    const made = await browserOf(owner).post('/users', { ...person, groups: [chosen.id, nth(7).id] })
    expect(made.status).toBe(303)
    expect(await groupsOf(person.username)).toEqual([chosen.id, nth(7).id].sort())
  })

  test('is searched for, added and taken out again without a script, and nothing typed is lost', async () => {
    const browser = browserOf(owner)
    const person = typed()
    const found = await browser.post('/users', { ...person, 'find.groups': chosen.name, find: 'groups' })
    expect(found.status).toBe(422)
    expect(boxes(found.text, 'groups')).toEqual([chosen.id])
    for (const kept of ['Kept', 'As typed', person.email]) expect(found.text).toContain(`value="${kept}"`)

    const ticked = { ...formIn(found, '/users'), groups: [nth(7).id, chosen.id], keep: 'groups' }
    const added = await browser.post('/users', ticked)
    expect(added.status).toBe(422)
    expect(chips(added.text, 'groups')).toEqual([nth(7).id, chosen.id])
    expect(boxes(added.text, 'groups')).toEqual([])
    expect(added.text).toContain(`aria-label="Remove ${chosen.name}"`)

    const dropped = await browser.post('/users', { ...formIn(added, '/users'), 'drop.groups': nth(7).id })
    expect(dropped.status).toBe(422)
    expect(chips(dropped.text, 'groups')).toEqual([chosen.id])
    expect(dropped.text).toContain('value="As typed"')
    expect(await groupsOf(person.username)).toEqual([])

    const made = await browser.post('/users', formIn(dropped, '/users'))
    expect(made.status).toBe(303)
    expect(await groupsOf(person.username)).toEqual([chosen.id])
  })

  test('is still chosen after a refusal', async () => {
    const { status, text } = await browserOf(owner).post('/users', {
      ...typed(),
      username: '',
      groups: [chosen.id, nth(3).id],
    })
    expect(status).toBe(422)
    expect(chips(text, 'groups')).toEqual([chosen.id, nth(3).id])
    expect(text).toContain(chosen.name)
  })

  test('is for a service account as for a person', async () => {
    const { text } = await browserOf(owner).get('/service-accounts/new')
    expect(text).toContain('data-options="/groups/options?for=user"')
    const username = unique('service')
    const step = await browserOf(owner).post('/service-accounts', {
      username,
      first_name: 'Kept',
      'find.groups': chosen.name,
    })
    expect(boxes(step.text, 'groups')).toEqual([chosen.id])
    const sent = { username, first_name: 'Kept', groups: [chosen.id] }
    expect((await browserOf(owner).post('/service-accounts', sent)).status).toBe(303)
    expect(await groupsOf(username)).toEqual([chosen.id])
  })
})

describe('what is out of reach', () => {
  test('is not offered, and refused where it is sent', async () => {
    // sees all of the groups, and may bring people into one
    expect((await options(narrow, '/groups/options?limit=20')).page.next).not.toBeNull()
    expect((await options(narrow, '/groups/options?for=user')).data.map(({ id }) => id)).toEqual([group])
    expect((await options(narrow, '/groups/options?for=invitation')).data).toEqual([])
    const { text } = await browserOf(narrow).get('/users/new')
    expect(boxes(text, 'groups')).toEqual([group])

    for (const id of [elsewhere, nth(250).id]) {
      const person = typed()
      expect((await browserOf(narrow).post('/users', { ...person, groups: [id] })).status).toBe(403)
      const json = await as(narrow).post('/api/v1/users', { ...newPerson(), groups: [id] })
      expect(json.status).toBe(403)
      expect(await groupsOf(person.username)).toEqual([])
    }
    const person = typed()
    expect((await browserOf(narrow).post('/users', { ...person, groups: [group] })).status).toBe(303)
    expect(await groupsOf(person.username)).toEqual([group])
  })

  test('of another organization is neither found nor kept', async () => {
    const { data } = await options(foreigner, `/groups/options?for=user&q=${family}`)
    expect(data).toEqual([])
    const sent = { ...typed(), username: '', groups: [nth(250).id] }
    const { status, text } = await browserOf(foreigner).post('/users', sent)
    expect(status).toBe(422)
    expect(text).not.toContain(nth(250).id)
    expect(text).not.toContain(nth(250).name)
  })
})

describe('roles', async () => {
  const word = unique('Office').replace('-', '')
  const weak: string[] = []
  for (let i = 0; i < 20; i++)
    weak.push(await makeRole(org, { name: `${word} ${10 + i}`, permissions: ['user:read:own'] }))
  const strong = await makeRole(org, { name: `${word} strong`, permissions: ['event:read:all'] })
  const asleep = await makeRole(org, { name: `${word} asleep`, status: 'disabled' })
  const found = async (by: Person, query: string) =>
    (await options(by, `/roles/options?${query}&q=${word}&limit=50`)).data.map(({ id }) => id).sort()

  test('that somebody may not give are not among those that they find', async () => {
    expect(await found(narrow, 'for=user')).toEqual([...weak, asleep].sort())
    expect(await found(owner, 'for=user')).toEqual([...weak, strong, asleep].sort())
    const refused = await browserOf(narrow).post('/users', {
      ...typed(),
      groups: [group],
      role_ids: [strong],
    })
    expect(refused.status).toBe(403)
    const person = { ...typed(), groups: [group], role_ids: [weak[3] as string] }
    expect((await browserOf(narrow).post('/users', person)).status).toBe(303)
  })

  test('that nobody can accept are not offered with an invitation', async () => {
    expect(await found(owner, 'for=invitation')).toEqual([...weak, strong].sort())
    expect(await found(narrow, 'for=invitation')).toEqual([])
    const step = await browserOf(owner).post('/invitations/many', {
      emails: 'kept@example.com',
      role_ids: ['', weak[4] as string],
      'find.role_ids': `${word} 17`,
      find: 'role_ids',
    })
    expect(step.text).toContain('kept@example.com')
    expect(chips(step.text, 'role_ids')).toEqual([weak[4]])
    expect(boxes(step.text, 'role_ids')).toEqual([weak[7]])
    const emails = `${unique('many')}@example.com`
    const role_ids = ['', weak[4] as string, weak[7] as string]
    expect((await browserOf(owner).post('/invitations/many', { emails, role_ids })).status).toBe(303)
    const listed = await as(owner).get(`/api/v1/invitations?q=${emails}`)
    const [sent] = listed.json<{ data: { roles: { id: string }[] }[] }>().data
    expect(sent?.roles.map(({ id }) => id)).toEqual([weak[4], weak[7]])
  })

  test('that inherit from a role are none that it can inherit from', async () => {
    const heir = await makeRole(org, { name: `${word} heir`, parents: [weak[0] as string] })
    expect(await found(owner, `above=${weak[0]}`)).not.toContain(heir)
    expect(await found(owner, `above=${weak[0]}`)).not.toContain(weak[0])
    expect(await found(owner, `above=${heir}`)).toContain(weak[1])

    const browser = browserOf(owner)
    const page = await browser.get(`/roles/${heir}/edit`)
    expect(page.text).toContain(`data-options="/roles/options?above=${heir}"`)
    expect(chips(page.text, 'parent_ids')).toEqual([weak[0]])
    const fields = formIn(page, `/roles/${heir}/edit`)
    const step = await browser.post(`/roles/${heir}/edit`, { ...fields, 'find.parent_ids': `${word} 11` })
    expect(step.status).toBe(422)
    expect(chips(step.text, 'parent_ids')).toEqual([weak[0]])
    expect(boxes(step.text, 'parent_ids')).toEqual([weak[1]])
    const dropped = await browser.post(`/roles/${heir}/edit`, {
      ...fields,
      'drop.parent_ids': weak[0] as string,
    })
    expect(chips(dropped.text, 'parent_ids')).toEqual([])
    const none = await browser.patch(`/roles/${heir}`, formIn(dropped, `/roles/${heir}/edit`))
    expect(none.status).toBe(303)
    const { parents } = (await as(owner).get(`/api/v1/roles/${heir}`)).json<{ parents: unknown[] }>()
    expect(parents).toEqual([])
  })
})

test('few enough stay boxes, and all of them are there', async () => {
  const made = []
  for (let i = 0; i < 3; i++) made.push(await makeGroup(foreigner.org))
  const { text } = await browserOf(foreigner).get('/users/new')
  expect(boxes(text, 'groups')).toEqual(expect.arrayContaining(made))
  const all = await options(foreigner, '/groups/options?for=user')
  expect(boxes(text, 'groups').sort()).toEqual(all.data.map(({ id }) => id).sort())
})

test('the fields of a step are none of a program', async () => {
  const sent = { ...newPerson(), keep: 'groups', 'drop.groups': nth(1).id }
  const { status, json } = await as(owner).post('/api/v1/users', sent)
  expect(status).toBe(422)
  expect(json().errors?.map(({ path }) => path)).toEqual(['keep', 'drop.groups'])
})
