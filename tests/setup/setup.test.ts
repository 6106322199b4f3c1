import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { selfCheck } from '#src/db/selfcheck.ts'
import { as, browserOf } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

test('the application runs on the database of the tests as it would on any other', async () => {
  const { db, owner, app } = await testDatabase()
  expect(await selfCheck(db.pool)).toEqual([])
  const { rows } = await sql<{ who: string }>`select current_user as who`.execute(owner)
  expect(rows[0]?.who).not.toMatch(/_app$/)
  expect((await app.request('/api/health/ready')).status).toBe(200)
})

test('everybody has a session for each way in', async () => {
  const { org, group, elsewhere, ...persons } = await makePeople()
  expect(group).not.toBe(elsewhere)
  for (const person of Object.values(persons)) {
    const { id, organization } = (await as(person).get('/api/v1/auth/me')).json<{
      id: string
      organization: { id: string }
    }>()
    expect(id).toBe(person.id)
    expect(organization.id === org.id).toBe(person !== persons.foreigner)
    expect((await browserOf(person).get('/')).text).toContain(person.username)
  }
})
