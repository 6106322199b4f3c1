import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paths } from '#src/paths.ts'
import { accessible } from '#tests/browser/accessible.ts'
import { installed } from '#tests/browser/chromium.ts'
import { type Opening, Site } from '#tests/browser/site.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeRole, makeUser, unique } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app, owner: past } = await testDatabase()
const LONG = 'Wolfeschlegelsteinhausenbergerdorffwelche'
const tail = unique('').replace(/[^a-z0-9]/g, '')

describe.skipIf(!installed && !process.env.CI)('A list, by keys, by ear and on a phone', () => {
  let site: Site
  let boss: Person
  let kim: Person
  let group: string
  let role: string

  beforeAll(async () => {
    const people = await makePeople()
    boss = people.owner
    const { org } = people
    group = await makeGroup(org, { name: LONG + tail })
    role = await makeRole(org, { name: LONG + tail, permissions: ['user:read:own'] })
    const email = `${LONG.toLowerCase()}${tail}@${LONG.toLowerCase()}.example.com`
    kim = await makeUser(org, { first_name: LONG, last_name: LONG, roles: [role], groups: [group] })
    await past.updateTable('users').set({ email }).where('id', '=', kim.id).execute()
    for (let i = 0; i < 30; i++) await makeUser(org, { first_name: `N${i}`, last_name: 'Other' })
    await as(boss).post(`/api/v1${paths.invitations}`, {
      email: `x${email}`,
      role_ids: [role],
      group_id: group,
    })
    await as(boss).patch(`/api/v1${paths.user(kim.id)}`, { first_name: `${LONG}a` })
    await past
      .updateTable('sessions')
      .set({ user_agent: `${LONG}/${LONG}${LONG}${LONG}${LONG}` })
      .where('org_id', '=', org.id)
      .execute()
    site = await Site.open(app)
  })

  afterAll(() => site?.close())

  const opened = (path: string, how?: Opening) => site.opened(path, boss, how)

  it.each([390, 360])(
    'is no wider than a phone of %d pixels, however long a name without a blank is',
    async (width) => {
      const page = await opened(paths.home, { width })
      const places = [
        paths.users,
        paths.user(kim.id),
        `${paths.user(kim.id)}/history`,
        paths.groups,
        paths.group(group),
        paths.roles,
        paths.role(role),
        paths.permissions,
        paths.invitations,
        paths.sessions,
        paths.events,
        paths.apiKeys,
        paths.access.matrix,
        paths.userPermissions(kim.id),
      ]
      const wide: string[] = []
      for (const path of places) {
        await page.goto(site.address + path)
        expect(await page.textContent('h1'), path).not.toMatch(/Not|wrong/)
        const over = await page.evaluate<string[]>(`document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.matrix-frame'))
          .slice(0, 4).map((one) => one.tagName + '.' + one.className)`)
        if (over.length) wide.push(`${path}: ${over.join(' ')}`)
      }
      expect(wide).toEqual([])
      await page.context().close()
    },
  )

  it('says what a search, and what a next page shows', async () => {
    const page = await opened(paths.users)
    const said = () => page.textContent('#result[role=status]')
    expect(await said()).toBe('')
    await page.click('#pager-next')
    await expect.poll(said, { timeout: 10_000 }).toMatch(/^\d+ of \d+ people$/)
    await page.fill('#q', LONG)
    await expect.poll(said, { timeout: 10_000 }).toBe('1–1 of 1 people')
    await page.fill('#q', 'nobodyofthisname')
    await expect.poll(said, { timeout: 10_000 }).toContain('match')
    await accessible(page)
    await page.context().close()
  })

  it('stands again as it was, after Back from a search', async () => {
    const page = await opened(paths.home)
    await page.goto(site.address + paths.users)
    const rows = () => page.locator('tbody tr').count()
    expect(await rows()).toBe(25)
    await page.focus('#q')
    await page.keyboard.type(LONG, { delay: 20 })
    await expect.poll(rows, { timeout: 10_000 }).toBe(1)
    await page.keyboard.type(' x', { delay: 300 })
    await expect.poll(rows, { timeout: 10_000 }).toBe(0)
    await page.goBack()
    await expect.poll(rows, { timeout: 10_000 }).toBe(25)
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(paths.users)
    expect(await page.inputValue('#q')).toBe('')
    await page.goForward()
    await expect.poll(rows, { timeout: 10_000 }).toBe(0)
    expect(await page.inputValue('#q')).toBe(`${LONG} x`)
    await page.context().close()
  })

  const stops = (page: Page) =>
    page.evaluate<number>(`[...document.querySelectorAll('.matrix-frame, .matrix-frame *')]
      .filter((one) => one.tabIndex >= 0 && one.checkVisibility() && one.type !== 'hidden').length`)

  it('of roles and permissions is one stop of the Tab key, and is gone through by arrows', async () => {
    const page = await opened(paths.access.matrix)
    expect(await stops(page)).toBe(1)
    const at = () =>
      page.evaluate<string>(
        `(() => { const cell = document.activeElement.closest('.matrix :is(td, th)'); return cell ? cell.parentElement.rowIndex + ':' + cell.cellIndex : 'out' })()`,
      )
    await page.locator('.matrix [tabindex="0"]').focus()
    const [row = 0, column = 0] = (await at()).split(':').map(Number)
    for (const [key, where] of [
      ['ArrowRight', `${row}:${column + 1}`],
      ['ArrowDown', `${row + 1}:${column + 1}`],
      ['Home', `${row + 1}:0`],
      ['ArrowUp', `${row}:0`],
      ['ArrowUp', `${row - 1}:0`],
    ] as const) {
      await page.keyboard.press(key)
      expect(await at(), key).toBe(where)
      expect(await stops(page)).toBe(1)
    }
    // back to where one was
    await page.keyboard.press('Tab')
    expect(await at()).toBe('out')
    await page.keyboard.press('Shift+Tab')
    expect(await at()).toBe(`${row - 1}:0`)
    await accessible(page)
    await page.context().close()
  })

  it('of roles and permissions is gone through box by box without a script, as before', async () => {
    const page = await opened(paths.access.matrix, { script: false })
    expect(
      await page.locator('.matrix input[type=checkbox]:not(.needs-script):not([tabindex])').count(),
    ).toBeGreaterThan(20)
    await page.context().close()
  })
})
