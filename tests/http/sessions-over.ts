import { sql } from 'kysely'
import { expect } from 'vitest'
import { browserOf } from '#tests/client.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()

/** Ends all sessions of somebody, until the application knows of it. */
export async function end(person: Person) {
  await past
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where('account_id', '=', person.accountId)
    .execute()
  await expect.poll(async () => (await browserOf(person).get('/me')).status).toBe(303)
}
export const nameOf = async (id: string) =>
  (await past.selectFrom('users').select('first_name').where('id', '=', id).executeTakeFirstOrThrow())
    .first_name
