import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessible } from '#tests/browser/accessible.ts'
import { installed } from '#tests/browser/chromium.ts'
import { type Opening, Site } from '#tests/browser/site.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const family = unique('Select')

describe.skipIf(!installed && !process.env.CI)('A list, in a browser', () => {
  let site: Site
  let owner: Person

  beforeAll(async () => {
    const { app } = await testDatabase()
    const people = await makePeople()
    owner = people.owner
    for (let i = 0; i < 30; i++)
      await makeUser(people.org, { first_name: `N${String(i).padStart(2, '0')}`, last_name: family })
    site = await Site.open(app)
  })

  afterAll(() => site?.close())

  const opened = (path: string, how?: Opening) => site.opened(path, owner, how)

  const said = (page: Page) => page.textContent('.bulk-count')
  const row = (page: Page) =>
    page.evaluate<string | undefined>('document.activeElement?.closest("tr")?.querySelector("th")?.innerText')
  const boxes = (page: Page) => page.locator('tbody .pick input')

  it('is gone through by keys: J and K, X ticks, Enter opens', async () => {
    const page = await opened(`/users?q=${family}`)
    for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key)
    expect(await row(page)).toBe(`N01 ${family}`)
    await page.keyboard.press('x')
    expect(await said(page)).toBe('1 selected')
    await boxes(page).nth(1).focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector(`h1:has-text("N01 ${family}")`)
    await page.context().close()
  })

  it('leaves keys to fields, and to whoever switched them off', async () => {
    const page = await opened(`/users?q=${family}`)
    await page.keyboard.press('/')
    await page.keyboard.type('jk')
    expect(await page.inputValue('#q')).toBe('jk')
    await page.goto(`${site.address}/users?q=${family}`)
    await page.click('.account')
    await page.click('[data-shortcuts]')
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    expect(await row(page)).toBeUndefined()
    await page.reload()
    await page.click('.account')
    expect(await page.getAttribute('[data-shortcuts]', 'aria-checked')).toBe('false')
    await page.context().close()
  })

  it('asks before it acts on what is ticked, and says how each fared', async () => {
    const page = await opened(`/users?q=${family}`)
    await boxes(page).nth(0).click()
    await boxes(page)
      .nth(2)
      .click({ modifiers: ['Shift'] })
    expect(await said(page)).toBe('3 selected')
    await accessible(page)
    await page.click('#bulk button:has-text("Disable")')
    await page.waitForSelector('h1:has-text("Disable 3 people?")')
    expect(await page.locator('.first-names li').allTextContents()).toEqual(
      [0, 1, 2].map((n) => `N0${n} ${family}`),
    )
    await accessible(page)
    await page.click('main a:has-text("Cancel")')
    await page.waitForURL(`${site.address}/users?q=${family}`)
    for (const n of [0, 1, 2]) await boxes(page).nth(n).check()
    await page.click('#bulk button:has-text("Disable")')
    await page.click('main button:has-text("Disable 3 people")')
    await page.waitForSelector('.notice:has-text("3 people disabled")')
    expect(new URL(page.url()).search).toBe(`?q=${family}`)
    await accessible(page)
    await page.context().close()
  })

  it('acts on all that match once all on the page are ticked', async () => {
    const page = await opened(`/users?q=${family}`)
    const all = page.locator('[name="matching"]')
    expect(await all.isVisible()).toBe(false)
    await page.click('[data-pick-all]')
    expect(await said(page)).toBe('25 selected')
    await all.check()
    expect(await said(page)).toBe('30 selected')
    await boxes(page).nth(0).uncheck()
    expect(await all.isChecked()).toBe(false)
    expect(await said(page)).toBe('24 selected')
    await boxes(page).nth(0).check()
    await all.check()
    await page.click('#bulk button:has-text("Enable")')
    await page.waitForSelector('main p:has-text("Filter: ")')
    // somebody comes in between: asked about again
    await makeUser(owner.org, { first_name: 'N99', last_name: family, status: 'disabled' })
    await page.click('main button:has-text("Enable 30 people")')
    await page.waitForSelector('main .error-summary:has-text("Now 31 people match; you confirmed 30")')
    await accessible(page)
    await page.click('main button:has-text("Enable 31 people")')
    await page.waitForSelector('.notice:has-text("4 people enabled, 27 already enabled")')
    await page.context().close()
  })

  it('says what was refused, and why', async () => {
    const page = await opened(`/users?q=${owner.username}`)
    await boxes(page).nth(0).check()
    await page.click('#bulk button:has-text("Disable")')
    await page.click('main button:has-text("Disable 1 person")')
    await page.waitForSelector('.outcome .bad:has-text("1 failed")')
    expect(await page.textContent('main tbody')).toContain('You can’t disable yourself.')
    await accessible(page)
    await page.click('button:has-text("Retry 1 failed")')
    await page.waitForSelector('.outcome .bad:has-text("1 failed")')
    await page.context().close()
  })

  it('has cards on a phone, with the same boxes', async () => {
    const page = await opened(`/users?q=${family}`, { width: 360 })
    await boxes(page).nth(0).check()
    expect(await said(page)).toBe('1 selected')
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(wide).toBeLessThanOrEqual(360)
    await accessible(page)
    await page.context().close()
  })

  it('acts without a script, too', async () => {
    const page = await opened(`/users?q=${family}`, { script: false })
    await boxes(page).nth(3).check()
    await page.click('#bulk button:has-text("Disable")')
    expect(await page.textContent('h1')).toBe('Disable 1 person?')
    await page.click('main button:has-text("Disable 1 person")')
    expect(await page.textContent('.notice')).toContain('1 person disabled')
    expect(new URL(page.url()).search).toBe(`?q=${family}`)
    await page.context().close()
  })

  it('is left by Ctrl-K: what one types is found, the arrows choose, Enter goes', async () => {
    const page = await opened('/users')
    await page.focus('#q')
    await page.keyboard.press('Control+k')
    await page.waitForSelector('#palette-list [role="option"]')
    await accessible(page)
    await page.keyboard.press('Escape')
    expect(await page.evaluate('document.activeElement?.id')).toBe('q')

    await page.keyboard.press('Control+k')
    await page.keyboard.type(`N07 ${family}`)
    // faster than the answer, and still what was typed
    await page.keyboard.press('Enter')
    await page.waitForSelector(`h1:has-text("N07 ${family}")`)
    expect(await page.locator('#palette[open]').count()).toBe(0)

    await page.click('[data-palette]')
    await page.keyboard.type('add per')
    await page.waitForSelector('[role="option"]:has-text("Add person")')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForSelector('h1:has-text("Add")')
    await page.context().close()
  })
})
