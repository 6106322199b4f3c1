import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paths } from '#src/paths.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed } from '#tests/browser/chromium.ts'
import { type Opening, Site } from '#tests/browser/site.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeUser, unique } from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app } = await testDatabase()

describe.skipIf(!installed && !process.env.CI)('Groups and what happened, in a browser', () => {
  let site: Site
  let people: People
  let [top, group]: string[] = []
  let newcomer: Person

  beforeAll(async () => {
    people = await makePeople()
    const { org, owner } = people
    top = await makeGroup(org, { name: unique('A department with a name as long as people give them ') })
    group = await makeGroup(org, { name: unique('Beneath '), kind: 'team', parent: top })
    await makeUser(org, { groups: [{ id: group, role: 'lead' }], first_name: 'Kim', last_name: 'Lead' })
    newcomer = await makeUser(org, { first_name: 'Nora', last_name: 'New' })
    await as(owner).patch(`/api${paths.group(group)}`, { description: 'Line\nby line', parent_id: null })
    site = await Site.open(app)
  })

  afterAll(() => site?.close())

  const opened = (path: string, how?: Opening) => site.opened(path, people.owner, how)

  it.each([1280, 390])(
    'are within reach of everybody, %d px wide',
    async (width) => {
      const { data } = (await as(people.owner).get(`/api${paths.events}?action=group:update`)).json<{
        data: { id: string }[]
      }>()
      const page = await opened(paths.groups, { width })
      for (const path of [
        paths.groups,
        paths.groupTree(paths.groups),
        paths.group(top as string),
        `${paths.group(group as string)}/edit`,
        paths.groupMembers(paths.groups, group as string),
        paths.departments,
        paths.events,
        paths.event(data[0]?.id as string),
      ]) {
        await page.goto(site.address + path)
        const { width: wide } = (await page.locator('main').boundingBox()) ?? { width: 0 }
        expect(wide, path).toBeLessThanOrEqual(width)
        await accessible(page)
      }
      await page.context().close()
    },
    60_000,
  )

  it.each([true, false])('lets members be added, changed and removed (JavaScript: %s)', async (script) => {
    const page = await opened(paths.groupMembers(paths.groups, group as string), { script })
    const row = page.locator('tr', { hasText: 'Nora New' })
    await page.fill('#user', 'nobody-of-that-name')
    await page.click('button:has-text("Add")')
    await page.waitForSelector('.error-summary:has-text("No one found with this user name or e-mail")')
    await page.fill('#user', newcomer.email)
    await page.click('button:has-text("Add")')
    await row.waitFor()
    await row.locator('select').selectOption('viewer')
    await row.locator('button:has-text("Change")').click()
    await page.waitForSelector('.notice:has-text("Saved")')
    await expect.poll(() => row.locator('select').inputValue()).toBe('viewer')
    await row.locator('button:has-text("Remove")').first().click()
    if (script) await page.click('dialog[open] button:has-text("Remove")')
    await row.waitFor({ state: 'detached' })
    await page.goto(site.address + paths.event(await latest('group_member:delete')))
    expect(await page.textContent('h1')).toContain('removed Nora New from the group')
    await page.context().close()
  })

  const latest = async (action: string) =>
    (await as(people.owner).get(`/api${paths.events}?action=${action}&limit=1`)).json<{
      data: [{ id: string }]
    }>().data[0].id
})
