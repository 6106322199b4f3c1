import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import '#src/app.ts'
import { accessDeclaration, declareAccess } from '#src/access/declaration.ts'
import { fn } from '#src/db/functions.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
beforeEach(() => sql`truncate access_declarations`.execute(owner))

const kept = async () =>
  await owner
    .selectFrom('access_declarations')
    .orderBy('valid_from')
    .select(['document', 'valid_from'])
    .execute()

test('says for each model what own and group mean, and for each template what it holds', () => {
  const { models, templates } = accessDeclaration()
  expect(models.user).toEqual({
    table: 'users',
    actions: expect.arrayContaining(['read', 'update']),
    own: expect.arrayContaining(['id']),
    group: expect.arrayContaining([expect.objectContaining({ table: 'group_members', column: 'group_id' })]),
    scopes: ['all', 'group', 'own'],
  })
  expect(Object.keys(models)).toEqual(expect.arrayContaining(['user', 'role', 'group', 'event', 'session']))
  expect(templates.owner).toContain('role:update:all')
})

test('is kept at the first start, and at none that declares the same', async () => {
  expect(await declareAccess(db)).toBe(true)
  expect(await declareAccess(db)).toBe(false)
  expect((await kept()).map(({ document }) => document)).toEqual([
    JSON.parse(JSON.stringify(accessDeclaration())),
  ])
})

test('is kept again where the code changes, and where it changes back', async () => {
  await declareAccess(db)
  const { models, templates } = accessDeclaration()
  const changed = { models: { ...models, user: { ...models.user, own: [] } }, templates }
  expect(await db.lookup(fn.declare_access({ declared: changed }))).toBe(true)
  expect(await declareAccess(db)).toBe(true)
  const all = await kept()
  expect(all).toHaveLength(3)
  expect(all.map(({ valid_from }) => valid_from)).toEqual([...all.map(({ valid_from }) => valid_from)].sort())
})

test('starts at once keep it once', async () => {
  expect((await Promise.all([1, 2, 3, 4].map(() => declareAccess(db)))).filter(Boolean)).toHaveLength(1)
})

test('nothing inside an organization declares anything', async () => {
  const acting = { orgId: '00000000-0000-7000-8000-000000000000', context: '{}' }
  const inside = db.withActor(acting, (tx) => sql`select ${fn.declare_access({ declared: {} })}`.execute(tx))
  await expect(inside).rejects.toMatchObject({ code: '42501' })
  expect(await kept()).toEqual([])
})
