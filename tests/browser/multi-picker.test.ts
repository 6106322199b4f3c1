import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessible } from '#tests/browser/accessible.ts'
import { installed } from '#tests/browser/chromium.ts'
import { type Opening, Site } from '#tests/browser/site.ts'
import { unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const family = unique('Depot').replace('-', '')
const named = (n: number) => `${family} ${1000 + n}`

describe.skipIf(!installed && !process.env.CI)('Several records that are searched for, in a browser', () => {
  let site: Site
  let owner: Person

  beforeAll(async () => {
    const { app, owner: past } = await testDatabase()
    const people = await makePeople()
    owner = people.owner
    const values = Array.from({ length: 300 }, (_, i) => ({
      org_id: people.org.id,
      kind: 'team',
      name: named(i + 1),
    }))
    await past.insertInto('groups').values(values).execute()
    site = await Site.open(app)
  })

  afterAll(() => site?.close())

  const opened = (how?: Opening) => site.opened('/users/new', owner, how)
  const field = (page: Page) => page.getByRole('combobox', { name: /^Groups/ })
  const options = (page: Page) => page.locator('#groups-options [role="option"]')
  const chips = (page: Page) => page.locator('[data-picker="groups"] .picked span').allTextContents()
  const said = (page: Page) => page.locator('[data-picker="groups"] .combobox [role="status"]').textContent()

  /** A person who isn't there yet. */
  async function typed(page: Page) {
    const name = unique('new')
    await page.fill('#username', name)
    await page.fill('#email', `${name}@example.com`)
    await page.fill('#first_name', 'Kept')
  }
  async function saved(page: Page, groups: readonly string[]) {
    await page.getByRole('button', { name: 'Add person' }).click()
    await page.waitForURL(/\/users\/[0-9a-f-]{36}$/)
    const text = await page.textContent('main')
    for (const group of groups) expect(text).toContain(group)
  }
  async function found(page: Page, n: number) {
    await page.keyboard.type(named(n))
    await expect.poll(() => options(page).allTextContents()).toEqual([`${named(n)}team`])
  }

  it('are found by keys, added by Enter, taken back by Backspace, and saved', async () => {
    const page = await opened()
    await typed(page)
    await field(page).focus()
    expect(await page.locator('#groups-options').getAttribute('aria-multiselectable')).toBe('true')
    for (const n of [250, 7, 201]) {
      await found(page, n)
      expect(await field(page).getAttribute('aria-activedescendant')).toBe('groups-option-0')
      await page.keyboard.press('Enter')
      expect(await said(page)).toBe(`${named(n)} added`)
      expect(await field(page).inputValue()).toBe('')
    }
    expect(await chips(page)).toEqual([named(250), named(7), named(201)])
    await page.keyboard.press('Backspace')
    expect(await said(page)).toBe(`${named(201)} removed`)
    expect(await chips(page)).toEqual([named(250), named(7)])

    await page.keyboard.press('ArrowDown')
    await options(page).first().waitFor()
    await page.keyboard.press('Escape')
    expect(await options(page).count()).toBe(0)
    expect(await chips(page)).toEqual([named(250), named(7)])

    await saved(page, [named(250), named(7)])
  })

  it('stay chosen when the form is refused', async () => {
    const page = await opened()
    await field(page).focus()
    await found(page, 250)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Add / }).click()
    await page.locator('.error-summary').waitFor()
    expect(await chips(page)).toEqual([named(250)])
    await typed(page)
    await saved(page, [named(250)])
  })

  it('are not left behind without a question', async () => {
    const page = await opened()
    await field(page).focus()
    await found(page, 250)
    await page.keyboard.press('Enter')
    const asked = new Promise<string>((resolve) =>
      page.once('dialog', (dialog) => {
        resolve(dialog.message())
        dialog.dismiss()
      }),
    )
    await page.getByRole('link', { name: 'Cancel' }).click()
    expect(await asked).toContain('Leave without saving')
    expect(await chips(page)).toEqual([named(250)])
  })

  it.each([390, 1280])(
    'are chosen by taps at %i px, and have no fault for a screen reader',
    async (width) => {
      const page = await opened({ width })
      await typed(page)
      await field(page).click()
      await options(page).first().waitFor()
      // the list stays open for further ones
      const names = [0, 1, 2].map((i) =>
        options(page)
          .nth(i)
          .evaluate((option) => option.dataset.name ?? ''),
      )
      const [one = '', two = '', three = ''] = await Promise.all(names)
      for (const i of [0, 1, 2]) await options(page).nth(i).click()
      expect(await chips(page)).toEqual([one, two, three])
      expect(await options(page).nth(1).getAttribute('aria-selected')).toBe('true')
      await options(page).nth(1).click()
      expect(await chips(page)).toEqual([one, three])
      expect(await options(page).nth(1).getAttribute('aria-selected')).toBe('false')
      await accessible(page)
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)

      await page.getByRole('button', { name: `Remove ${one}` }).click()
      expect(await chips(page)).toEqual([three])
      expect(await options(page).first().getAttribute('aria-selected')).toBe('false')
      await page.keyboard.press('Escape')
      await options(page).first().waitFor({ state: 'detached' })
      // whoever has come by keys goes on from what is left
      await field(page).click()
      await options(page).first().click()
      await page.keyboard.press('Escape')
      expect(await chips(page)).toEqual([three, one])
      await page.getByRole('button', { name: `Remove ${three}` }).focus()
      await page.keyboard.press('Enter')
      expect(await page.evaluate('document.activeElement.ariaLabel')).toBe(`Remove ${one}`)
      await page.keyboard.press('Enter')
      expect(await page.evaluate('document.activeElement.id')).toBe('groups')
      await found(page, 250)
      await options(page).first().click()
      await saved(page, [named(250)])
    },
  )

  it.each([390, 1280])('are added in steps without a script at %i px, and nothing is lost', async (width) => {
    const page = await opened({ script: false, width })
    await typed(page)
    const search = page.getByRole('searchbox', { name: 'Search groups' })
    for (const n of [250, 7]) {
      await search.fill(named(n))
      await page.getByRole('button', { name: 'Search groups' }).click()
      await page.getByLabel(named(n)).check()
      await page.getByRole('button', { name: 'Add to groups' }).click()
    }
    expect(await chips(page)).toEqual([named(250), named(7)])
    await page.getByRole('button', { name: `Remove ${named(250)}` }).click()
    expect(await chips(page)).toEqual([named(7)])
    expect(await page.inputValue('#first_name')).toBe('Kept')
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    // Enter in another field saves, and takes nothing out
    await page.locator('#first_name').press('Enter')
    await page.waitForURL(/\/users\/[0-9a-f-]{36}$/)
    expect(await page.textContent('main')).toContain(named(7))
  })
})
