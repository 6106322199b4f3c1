import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed } from '#tests/browser/chromium.ts'
import { type Opening, Site } from '#tests/browser/site.ts'
import { makeGroup, makeRole, makeUser, permissionOf, unique } from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app, owner } = await testDatabase()

describe.skipIf(!installed && !process.env.CI)('Who may what, in a browser', () => {
  let site: Site
  let people: People
  let [base, clerk]: string[] = []
  let person: Person
  let target: Person

  beforeAll(async () => {
    people = await makePeople()
    const { org } = people
    const above = await makeGroup(org, { name: unique('Above') })
    const beneath = await makeGroup(org, { name: unique('Beneath'), parent: above })
    base = await makeRole(org, { name: unique('base'), permissions: ['user:read:group'] })
    clerk = await makeRole(org, { name: unique('clerk'), permissions: ['user:read:own'], parents: [base] })
    person = await makeUser(org, { roles: [clerk], groups: [above], first_name: 'Kim', last_name: 'Clerk' })
    target = await makeUser(org, { groups: [beneath], first_name: 'Nora', last_name: 'North' })
    site = await Site.open(app)
  })

  afterAll(() => site?.close())

  const opened = (path: string, { by = people.owner, ...how }: Opening & { by?: Person } = {}) =>
    site.opened(path, by, how)

  const fits = (page: Page) => page.evaluate('document.documentElement.scrollWidth <= innerWidth')
  const held = async (code: string) =>
    owner
      .selectFrom('role_permissions')
      .where('role_id', '=', clerk as string)
      .where('permission_id', '=', permissionOf(people.org, code))
      .select('role_id')
      .executeTakeFirst()
      .then(Boolean)
  const box = (page: Page, code: string) =>
    page.locator(`input[name=held][value="${clerk}:${permissionOf(people.org, code)}"]`)

  it.each([1280, 390])('draws why somebody may, at %d pixels', async (width) => {
    const page = await opened(paths.access.explain, { width })
    await accessible(page)
    await page.fill('#user', person.username)
    await page.selectOption('#permission', 'user:read')
    await page.fill('#record', target.id)
    await page.click('button:has-text("Check access")')
    await page.waitForSelector('.verdict.yes')
    expect(await page.locator('.path .path-kind').allTextContents()).toEqual([
      'Person',
      'has the role',
      'inherits from',
      'grants',
      'on',
      'matched by',
      'member of',
      'subgroup',
    ])
    expect(await page.textContent('.verdict-line')).toContain('Nora North')
    expect(await fits(page)).toBe(true)
    await accessible(page)
    await page.fill('#record', 'no id')
    await page.click('button:has-text("Check access")')
    await page.waitForSelector('.error-summary:has-text("Enter the id of a record")')
    await page.fill('#record', target.id)
    // nobody of that name: the form again, with what was asked
    await page.fill('#user', 'nobody-of-this-name')
    await page.click('button:has-text("Check access")')
    await page.waitForSelector('.error-summary')
    expect(await page.inputValue('#record')).toBe(target.id)
    await page.context().close()
  })

  it('leads from a refusal to its reason', async () => {
    const page = await opened(pathsOf(paths.users).new, { by: person })
    expect(await page.textContent('h1')).toBe('No access')
    await page.click('a.why')
    await page.waitForSelector('.verdict.no')
    expect(await page.textContent('main')).toContain('Ask someone who manages roles')
    expect(await page.textContent('main')).not.toContain('user:create')
    await accessible(page)
    await page.context().close()
  })

  it.each([1280, 390])('lists what somebody may, and two side by side, at %d pixels', async (width) => {
    const page = await opened(paths.userPermissions(person.id), { width })
    expect(await page.locator('tbody tr').count()).toBe(2)
    expect(await fits(page)).toBe(true)
    await accessible(page)
    await page.fill('#compare', people.colleague.username)
    await page.click('button:has-text("Compare")')
    await page.waitForSelector('h2:has-text("Only Kim Clerk (2)")')
    await accessible(page)
    await page.context().close()
  })

  it.each([1280, 390])(
    'changes a role in the matrix by keys, and says first what that does, at %d pixels',
    async (width) => {
      const code = width === 390 ? 'session:read:own' : 'event:read:own'
      const page = await opened(`${paths.access.matrix}?roles=${clerk},${base}&model=${code.split(':')[0]}`, {
        width,
      })
      await accessible(page)
      expect(await fits(page)).toBe(true)
      // down from the box above it, and ticked without a mouse
      await page.locator('[data-all]').last().focus()
      for (let i = 0; i < 20 && !(await box(page, code).evaluate('(b) => b === document.activeElement')); i++)
        await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Space')
      expect(await page.textContent('[data-count]')).toBe('Review 1 change')
      await page.click('button:has-text("Review 1 change")')
      await page.waitForSelector('h1:has-text("Review changes")')
      expect(await page.textContent('.effects')).toContain('1 person')
      expect(await page.textContent('.effects')).toContain('Kim Clerk')
      await accessible(page)
      expect(await held(code)).toBe(false)
      await page.click('button:has-text("Save")')
      await page.waitForSelector('.notice:has-text("Saved")')
      expect(await held(code)).toBe(true)
      expect(await box(page, code).isChecked()).toBe(true)
      await page.context().close()
    },
  )

  it('folds a group, and ticks it as a whole', async () => {
    const page = await opened(`${paths.access.matrix}?roles=${clerk}`)
    const group = page.locator('tbody', { has: page.locator('button:has-text("group")') }).first()
    await group.locator('[data-all]').check()
    const rows = group.locator('tr:not(.matrix-group)')
    expect(await group.locator('input[name=held]:checked').count()).toBe(await rows.count())
    await group.locator('[data-fold]').click()
    expect(await rows.first().isVisible()).toBe(false)
    expect(await group.locator('[data-fold]').getAttribute('aria-expanded')).toBe('false')
    await page.context().close()
  })

  it('names where a permission is inherited from, which can’t be ticked there', async () => {
    const page = await opened(`${paths.access.matrix}?roles=${clerk}&model=user`)
    const cell = page.locator('td.inherited')
    expect(await cell.count()).toBe(1)
    expect(await cell.textContent()).toMatch(/inherited from base/)
    expect(await cell.locator('input').count()).toBe(0)
    await page.context().close()
  })

  it('chooses roles', async () => {
    const page = await opened(paths.access.matrix)
    await page.click('.matrix-choose summary')
    const ticked = page.locator('.matrix-choose input:checked')
    while (await ticked.count()) await ticked.first().click()
    await page.check(`.matrix-choose input[value="${base}"]`)
    await page.click('button:has-text("Show selected")')
    await expect.poll(() => page.locator('thead th').count(), { timeout: 10_000 }).toBe(2)
    expect(new URL(page.url()).searchParams.get('roles')).toBe(base)
    await page.context().close()
  })

  it('works without JavaScript', async () => {
    const page = await opened(`${paths.access.matrix}?roles=${clerk}&model=role`, { script: false })
    await box(page, 'role:read:all').check()
    await page.click('button:has-text("Review changes")')
    expect(await page.textContent('.effects')).toContain('1 person')
    await page.click('button:has-text("Save")')
    expect(await held('role:read:all')).toBe(true)
    expect(await held('user:read:own')).toBe(true)
    await box(page, 'role:read:all').uncheck()
    await page.click('button:has-text("Review changes")')
    await page.click('button:has-text("Save")')
    expect(await held('role:read:all')).toBe(false)
    await page.context().close()
  })
})
