import { beforeEach, describe, expect, test } from 'vitest'
import type { Effect } from '#src/access/effect.ts'
import { paths } from '#src/paths.ts'
import { change, form, held, read, type Stage, save, stage } from '#tests/access/matrix.ts'
import { denied, recorded, state } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, unique } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let org: Stage['org']
let names: Stage['names']
let base: Stage['base']
let clerk: Stage['clerk']
let boss: Stage['boss']
beforeEach(async () => {
  ;({ org, names, base, clerk, boss } = await stage())
})

describe('the matrix', () => {
  test('says what each role has by itself, and whom it inherits the rest from', async () => {
    const found = await read(boss, `?roles=${clerk},${base}`)
    expect(found.roles.map(({ name }) => name)).toEqual([names.base, names.clerk])
    expect(found.cells).toEqual({
      [base]: { 'user:read:group': 'own' },
      [clerk]: { 'user:read:group': [names.base], 'user:read:own': 'own' },
    })
    expect(found.permissions.map(({ code }) => code)).toEqual([...org.permissions.keys()].sort())
  })

  test('names every role above that holds it, and none that sleeps', async () => {
    const other = await makeRole(org, { name: unique('zother'), permissions: ['user:read:group'] })
    const asleep = await makeRole(org, { permissions: ['user:read:group'], status: 'disabled' })
    const heir = await makeRole(org, { parents: [clerk, other, asleep] })
    const { cells } = await read(boss, `?roles=${heir}`)
    expect(cells[heir]?.['user:read:group']).toEqual([names.base, expect.stringContaining('zother')])
    expect(cells[heir]?.['user:read:own']).toEqual([names.clerk])
  })

  test('shows twelve roles at a time, by name, or those that are looked for', async () => {
    for (let i = 0; i < 6; i++) await makeRole(org, { name: `zz ${i}` })
    const total = 10 + 2 + 6
    const first = await read(boss)
    expect([first.roles.length, first.page]).toEqual([12, { limit: 12, offset: 0, total }])
    const next = await read(boss, '?offset=12')
    expect(next.roles.length).toBe(6)
    const all = [...first.roles, ...next.roles].map(({ name }) => name)
    expect(new Set(all).size).toBe(total)
    expect((await read(boss, '?q=ZZ')).roles.map(({ name }) => name)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `zz ${i}`),
    )
    await makeRole(org, { name: 'Prüfung' })
    for (const q of ['pruef', 'pruf', 'prüf'])
      expect((await read(boss, `?q=${encodeURIComponent(q)}`)).roles.map(({ name }) => name)).toEqual([
        'Prüfung',
      ])
    expect(
      (await read(boss, '?model=session')).permissions.every(({ code }) => code.startsWith('session:')),
    ).toBe(true)
    expect((await as(boss).get(`${api(paths.access.matrix)}?roles=x`)).status).toBe(400)
  })

  test('is for who may read roles and permissions', async () => {
    for (const [code, other] of [
      ['role:read:all', 'permission:read'],
      ['permission:read:all', 'role:read'],
    ] as const) {
      const half = await personWith(org, [code])
      await denied(half, other, () => as(half).get(api(paths.access.matrix)))
    }
    const both = await personWith(org, ['role:read:all', 'permission:read:all'])
    expect((await read(both)).roles.length).toBeGreaterThan(3)
    const page = await browserOf(both).get(paths.access.matrix)
    expect(page.text).not.toContain('type="checkbox" name="held"')
    expect((await browserOf(boss).get(paths.access.matrix)).text).toContain('type="checkbox" name="held"')
  })
})

describe('a change', () => {
  test('gives and takes, says who gains and loses, and is in the trail', async () => {
    const person = await makeUser(org, { roles: [clerk], last_name: 'Kim' })
    const changes = [change(org, clerk, 'event:read:own', true), change(org, base, 'user:read:group', false)]
    const answer = await save(boss, changes)
    expect(answer.status, answer.text).toBe(200)
    const one = { count: 1, users: [{ id: person.id, name: 'Kim' }] }
    const none = { count: 0, users: [] }
    expect(answer.json()).toEqual({
      effects: [
        { permission: 'event:read:own', gains: one, loses: none },
        { permission: 'user:read:group', gains: none, loses: one },
      ],
    })
    expect(await held(clerk)).toEqual(['event:read:own', 'user:read:own'])
    expect(await held(base)).toEqual([])
    const lines = await recorded(boss, answer, 'api')
    const effects = lines.filter(({ action }) => action === 'role:effect')
    expect(effects.map(({ target_id }) => target_id).sort()).toEqual([base, clerk].sort())
    // each role is credited with what it did itself
    const did = (role: string) => effects.find(({ target_id }) => target_id === role)?.data
    expect(did(clerk)).toMatchObject({ gains: { 'event:read:own': 1 }, loses: {}, together_with: [base] })
    expect(did(base)).toMatchObject({ gains: {}, loses: { 'user:read:group': 1 }, together_with: [clerk] })
    expect(lines.map(({ action }) => action)).toContain('role_permission:create')
    expect(lines.map(({ action }) => action)).toContain('role_permission:delete')
  })

  test('is only tried by a dry run', async () => {
    await makeUser(org, { roles: [clerk] })
    const before = await state(org)
    const changes = [change(org, clerk, 'event:read:own', true)]
    const answer = await save(boss, changes, { dry_run: true })
    expect(answer.json<{ effects: Effect[] }>().effects).toMatchObject([
      { permission: 'event:read:own', gains: { count: 1 } },
    ])
    expect(await state(org)).toEqual(before)
    expect(await recorded(boss, answer, 'api')).toEqual([])
    // what was tried is what comes
    expect((await save(boss, changes)).text).toBe(answer.text)
  })

  test('of what is so already changes nothing', async () => {
    const before = await state(org)
    const answer = await save(boss, [change(org, clerk, 'user:read:own', true)])
    expect([answer.status, answer.json()]).toEqual([200, { effects: [] }])
    expect(await state(org)).toEqual(before)
  })

  test('goes by two pages: what changes, and then the save', async () => {
    const person = await makeUser(org, { roles: [clerk], last_name: 'Kim' })
    const browser = browserOf(boss)
    const [role] = (await read(boss, `?roles=${clerk}`)).roles
    const fields = form([change(org, clerk, 'event:read:own', true)], [`${clerk}:${role?.version}`])
    const preview = await browser.post(paths.access.matrix, {
      ...fields,
      dry_run: 'true',
      back: `roles=${clerk}`,
    })
    expect(preview.status, preview.text).toBe(200)
    for (const text of ['Nothing is saved yet', 'event:read:own', '1 person', 'Kim', paths.user(person.id)])
      expect(preview.text).toContain(text)
    expect(await held(clerk)).toEqual(['user:read:own'])
    const saved = await browser.post(paths.access.matrix, { ...fields, back: `roles=${clerk}` })
    expect([saved.status, saved.headers.get('location')]).toEqual([
      303,
      `${paths.access.matrix}?roles=${clerk}`,
    ])
    expect(await held(clerk)).toEqual(['event:read:own', 'user:read:own'])
  })

  test('of nothing is said to be none', async () => {
    const page = await browserOf(boss).post(paths.access.matrix, { dry_run: 'true', versions: [] })
    expect(page.status).toBe(422)
    expect(page.text).toContain('Choose a change')
  })
})

describe('two roles', () => {
  type Both = {
    roles: { id: string; name: string }[]
    data: { code: string; cells: ('own' | string[] | null)[] }[]
  }
  const compare = (by: Person, a: string, b: string) => as(by).get(`${api(paths.compareRoles)}?a=${a}&b=${b}`)

  test('stand side by side, with what they inherit', async () => {
    const other = await makeRole(org, {
      name: unique('other'),
      permissions: ['user:read:own', 'event:read:own'],
    })
    const both = (await compare(boss, other, clerk)).json<Both>()
    expect(both.roles.map(({ id }) => id)).toEqual([other, clerk])
    expect(both.data.map(({ code, cells }) => [code, ...cells])).toEqual([
      ['event:read:own', 'own', null],
      ['user:read:group', null, [names.base]],
      ['user:read:own', 'own', 'own'],
    ])
    const page = await browserOf(boss).get(`${paths.compareRoles}?a=${other}&b=${clerk}`)
    expect(page.text).toContain(`Only ${names.clerk} (1)`)
    expect(page.text).toContain(`${names.clerk} inherits it from ${names.base}`)
    expect((await browserOf(boss).get(paths.compareRoles)).text).toContain('Compare roles')
  })

  test('only where both can be read', async () => {
    const foreign = await makeRole(await makeOrganization())
    expect((await compare(boss, clerk, foreign)).status).toBe(404)
    const half = await personWith(org, ['role:read:all'])
    await denied(half, 'permission:read', () => compare(half, clerk, base))
  })
})

test('it takes one statement to read', async () => {
  const counted = async () => {
    const before = db.counted.roundTrips
    await read(boss)
    return db.counted.roundTrips - before
  }
  // once the notices of what was made for this are through
  await expect.poll(counted, { timeout: 5000 }).toBe(1)
})
