import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
const { org } = await makePeople()
const acting = { orgId: org.id, context: '{}' }

test('a plan that a migration made stale is made anew, for reads and for writes', async () => {
  const read = () => db.readAs(acting, (q) => q.selectFrom('groups').selectAll(), { prepared: true })
  const write = () =>
    db.withActor(acting, (tx) => tx.updateTable('groups').set({ description: 'x' }).returningAll().execute())
  const [before] = [await read(), await write()]
  expect(before.length).toBeGreaterThan(0)
  for (let i = 0; i < 8; i++) await Promise.all([read(), write()])
  await sql`alter table groups add column later text`.execute(owner)
  try {
    expect(await Promise.all([read(), write()])).toHaveLength(2)
    expect((await read())[0]).toHaveProperty('later', null)
    expect((await write())[0]).toHaveProperty('later', null)
  } finally {
    await sql`alter table groups drop column later`.execute(owner)
  }
})
