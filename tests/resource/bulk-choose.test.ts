import { describe, expect, test } from 'vitest'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeUser, platformOrganization, roleOf, unique } from '#tests/factories.ts'
import { attributes, fieldsIn } from '#tests/http/forms.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

await testDatabase()
const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const name = unique('Fam').replace('-', '')
const family: Person[] = []
for (let n = 1; n <= 3; n++) family.push(await makeUser(org, { first_name: `N${n}`, last_name: name }))
const ids = family.map(({ id }) => id)
const back = `q=${name}&status=active&limit=2&sort=-name`

/** What Enter in a row's box sends: the ticked rows, and the first button, which names no action. */
const enter = async (fields: Record<string, string | string[]>, by = boss, path = '/users') => {
  const browser = browserOf(by)
  await browser.get(`${path}?${back}`)
  return browser.post(`${path}/bulk/preview`, { action: '', back, ...fields })
}
const main = ({ text }: Answer) => text.slice(text.indexOf('<main'))
const summary = (page: Answer) => /<div class="error-summary".*?<\/div><\/div>/s.exec(main(page))?.[0] ?? ''
const ticked = (page: Answer) =>
  [...main(page).matchAll(/<input[^>]* name="(?:ids|matching|all)"[^>]*>/g)].flatMap(([tag]) =>
    / checked/.test(tag.replace(/"[^"]*"/g, '""')) ? [attributes(tag).value] : [],
  )

describe('Enter in a list names no action: it is asked for', () => {
  test('with the list as it was, its ticks, and the actions by their labels', async () => {
    const page = await enter({ ids: ids.slice(1) })
    expect(page.status).toBe(422)
    expect(summary(page)).toContain('Choose what to do with the 2 selected people.')
    const buttons = [...summary(page).matchAll(/<button[^>]*value="([^"]*)"[^>]*>(.*?)<\/button>/gs)]
    const labels = buttons.map(([, value, content = '']) => [value, content.replace(/<svg.*<\/svg>/s, '')])
    expect(labels).toContainEqual(['disable', 'Disable'])
    expect(labels[0]).toEqual(['', ''])
    expect(main(page)).not.toContain('Choose one of')
    expect(ticked(page).toSorted()).toEqual(ids.slice(1).toSorted())
    expect(fieldsIn(/<form id="search".*?<\/form>/s.exec(page.text)?.[0] ?? '')).toMatchObject({
      q: name,
      status: 'active',
      sort: '-name',
    })
    expect(main(page).match(/<tr id="row-/g)).toHaveLength(2)
    expect(fieldsIn(/<form id="bulk".*?<\/form>/s.exec(page.text)?.[0] ?? '').back).toBe(back)
  })

  test('of one, of all that match, and of all', async () => {
    expect(summary(await enter({ ids: ids.slice(2) }))).toContain('with the selected person.')
    const matching = await enter({ ids: ids.slice(1), matching: `q=${name}&status=active` })
    expect(summary(matching)).toContain('Choose what to do with all matching people.')
    expect(ticked(matching)).toContain(`q=${name}&status=active`)
    expect(summary(await enter({ all: 'true', back: 'limit=2' }))).toContain('with all people.')
  })

  test('and with nothing ticked, rows are asked for, also by a button', async () => {
    for (const action of ['', 'disable'])
      expect(summary(await enter({ action }))).toContain(
        'Select people first, then choose what to do with them.',
      )
  })

  test('and a chosen action goes on to its question', async () => {
    const page = await enter({ ids, action: 'disable' })
    expect([page.status, summary(page)]).toEqual([200, ''])
    expect(main(page)).toContain('Disable 3 people')
  })

  test('in the list of organizations, too', async () => {
    const platform = await platformOrganization()
    const superadmin = await makeUser(platform, { roles: [roleOf(platform, 'superadmin')] })
    const page = await enter({ ids: org.id, back: `q=${org.slug}` }, superadmin, '/organizations')
    expect([page.status, ticked(page)]).toEqual([422, [org.id]])
    expect(summary(page)).toMatch(/with the selected organization\..*Suspend/s)
  })

  test('who can’t read the list gets no list, and an address that it doesn’t know breaks nothing', async () => {
    const blind = await personWith(org, ['user:delete:all'])
    for (const page of [await enter({ ids }, blind), await enter({ ids, back: 'nonsense=1' })]) {
      expect(page.status).toBe(422)
      expect(main(page)).not.toMatch(/<tr id="row-/)
      expect(main(page)).toContain('Back to people')
    }
  })

  test('a program gets the field and what it takes', async () => {
    const answer = await as(boss).post('/api/v1/users/bulk/preview', { action: '', ids })
    expect(answer.status).toBe(422)
    const [error, ...others] = answer.json().errors ?? []
    expect([error?.path, others]).toEqual(['action', []])
    for (const action of ['disable', 'activate', 'delete', 'restore'])
      expect(error?.message).toContain(action)
  })
})
