import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessible } from '#tests/browser/accessible.ts'
import { installed } from '#tests/browser/chromium.ts'
import { type Opening, Site } from '#tests/browser/site.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const family = unique('Picked')

describe.skipIf(!installed && !process.env.CI)('A record that is searched for, in a browser', () => {
  let site: Site
  let owner: Person
  let last: Person

  beforeAll(async () => {
    const { app } = await testDatabase()
    const people = await makePeople()
    owner = people.owner
    for (let i = 0; i < 45; i++)
      await makeUser(people.org, { first_name: `N${String(i).padStart(2, '0')}`, last_name: family })
    last = await makeUser(people.org, { first_name: 'Žofie', last_name: `${family}z` })
    site = await Site.open(app)
  })

  afterAll(() => site?.close())

  const opened = (path: string, how?: Opening) => site.opened(path, owner, how)

  const field = (page: Page) => page.getByRole('combobox', { name: /^Owner(?! group)/ })
  const options = (page: Page) => page.locator('#owner_user_id-options [role="option"]')
  const sent = (page: Page) => page.locator('[data-picker="owner_user_id"] input[name="owner_user_id"]')

  it('is found by keys, chosen by Enter, and saved', async () => {
    const page = await opened('/groups/new')
    await page.fill('#name', unique('by-keys'))
    await field(page).focus()
    await page.keyboard.type('zofie')
    await options(page).first().waitFor()
    expect(await field(page).getAttribute('aria-expanded')).toBe('true')
    expect(await field(page).getAttribute('aria-activedescendant')).toBe('owner_user_id-option-0')
    expect(await options(page).count()).toBe(1)
    await page.keyboard.press('Enter')
    expect(await field(page).inputValue()).toBe(`Žofie ${family}z`)
    expect(await field(page).getAttribute('aria-expanded')).toBe('false')
    expect(await sent(page).getAttribute('value')).toBe(last.id)
    await page.getByRole('button', { name: 'Add group' }).click()
    await page.waitForURL(/\/groups\/[0-9a-f-]{36}$/)
    expect(await page.textContent('main')).toContain(`Žofie ${family}z`)

    await page.goto(`${page.url()}/edit`)
    expect(await field(page).inputValue()).toBe(`Žofie ${family}z`)
    await field(page).fill('')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.waitForURL(/\/groups\/[0-9a-f-]{36}$/)
    expect(await page.textContent('main')).not.toContain(`Žofie ${family}z`)
  })

  it('comes piece by piece while the arrows go on, and Escape leaves it as it was', async () => {
    const page = await opened('/groups/new')
    await field(page).focus()
    await page.keyboard.type(family.slice(0, 12))
    await options(page).first().waitFor()
    expect(await options(page).count()).toBe(20)
    for (let i = 0; i < 19; i++) await page.keyboard.press('ArrowDown')
    await expect.poll(() => options(page).count()).toBe(40)
    await page.keyboard.press('Escape')
    expect(await options(page).count()).toBe(0)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Add group')
  })

  it('is not taken where nothing was chosen, and nothing is sent', async () => {
    const page = await opened('/groups/new')
    await page.fill('#name', unique('unknown'))
    await field(page).fill('nobody of this name')
    await page.getByText('No people match').first().waitFor()
    await page.getByRole('button', { name: 'Add group' }).click()
    expect(await page.evaluate('document.getElementById("owner_user_id").validationMessage')).toContain(
      'Choose one',
    )
    expect(new URL(page.url()).pathname).toBe('/groups/new')
    // the form can still be sent
    await field(page).fill('')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Add group' }).click()
    await page.waitForURL(/\/groups\/[0-9a-f-]{36}$/)
  })

  it.each([390, 1280])('is chosen by a tap at %i px, and has no fault for a screen reader', async (width) => {
    const page = await opened('/groups/new', { width })
    await field(page).click()
    await options(page).first().waitFor()
    await field(page).fill('zofie')
    await expect.poll(() => options(page).count()).toBe(1)
    await accessible(page)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await options(page).first().click()
    expect(await field(page).inputValue()).toBe(`Žofie ${family}z`)
  })

  it.each([390, 1280])(
    'is searched for in a step without a script at %i px, and nothing typed is lost',
    async (width) => {
      const page = await opened('/groups/new', { script: false, width })
      const name = unique('no-script')
      await page.fill('#name', name)
      await page.getByRole('searchbox', { name: 'Search people' }).fill('zofie')
      await page.getByRole('button', { name: 'Search people' }).click()
      expect(await page.inputValue('#name')).toBe(name)
      await page.getByLabel(`Žofie ${family}z`).check()
      await page.locator('#name').press('Enter')
      await page.waitForURL(/\/groups\/[0-9a-f-]{36}$/)
      expect(await page.textContent('main')).toContain(`Žofie ${family}z`)
    },
  )

  it('is filled in by what tells it apart, where a name is typed', async () => {
    const page = await opened('/events')
    const who = page.getByRole('combobox', { name: 'Actor' })
    await who.fill('zofie')
    await page.locator('#actor-options [role="option"]').first().waitFor()
    await page.keyboard.press('Enter')
    expect(await who.inputValue()).toBe(last.username)
  })

  it('the browser’s zone is chosen at the first sign-in, and times are read in it', async () => {
    const { owner: past } = await testDatabase()
    const context = await site.browser.newContext({ timezoneId: 'Asia/Kolkata', locale: 'de-AT' })
    const page = await context.newPage()
    await page.goto(`${site.address}/login`)
    await page.fill('[name="username"]', last.username)
    await page.fill('[name="password"]', (await import('#tests/setup/secrets.ts')).PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${site.address}/`)
    expect(await page.getAttribute('html', 'data-zone')).toMatch(/^Asia\/(Kolkata|Calcutta)$/)
    const stored = past.selectFrom('users').where('id', '=', last.id).select(['time_zone', 'locale'])
    expect(await stored.executeTakeFirst()).toMatchObject({ locale: 'de-AT' })
  })

  it('times are in the person’s zone, whatever the browser’s is', async () => {
    const { owner: past } = await testDatabase()
    await past.updateTable('users').set({ time_zone: 'Asia/Kolkata' }).where('id', '=', owner.id).execute()
    await past.updateTable('users').set({ version: 7 }).where('id', '=', owner.id).execute()
    await past
      .updateTable('users')
      .set({ last_login_at: '2024-11-30T18:36:00Z' })
      .where('id', '=', last.id)
      .execute()
    const page = await opened(`/users/${last.id}`, { timezoneId: 'America/New_York' })
    await expect.poll(() => page.getAttribute('html', 'data-zone')).toBe('Asia/Kolkata')
    const time = page.locator('time[datetime^="2024-11-30"]').first()
    expect(await time.textContent()).toBe('1 Dec 2024')
    expect(await time.getAttribute('title')).toContain('00:06')
    await page.goto(`${site.address}/me`)
  })
})
