import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { tokenHash } from '#src/platform/token.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { makeOrganization, makeUser, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
const person = await makeUser(await makeOrganization())

test('links, registrations and browsers go after their time, and not before', async () => {
  const of = { account_id: person.accountId }
  for (const ends of ['-31 days', '-29 days', '1 hour']) await linkFor(person, 'unlock', { ends })
  for (const age of ['183 days', '181 days'])
    await owner
      .insertInto('known_devices')
      .values({ ...of, hash: tokenHash(age), last_used_at: sql<string>`now() - ${age}::interval` })
      .execute()
  const name = unique('late')
  const entered = { email: `${name}@example.com`, first_name: '', last_name: '', password_hash: 'x' }
  for (const ends of ['-1 minute', '1 minute'])
    await owner
      .insertInto('registrations')
      .values({ ...entered, username: `${name}${ends}`, expires_at: sql<string>`now() + ${ends}::interval` })
      .execute()
  while (await db.lookup(fn.tidy_accounts({ most: 2 }))) {}
  const devices = owner.selectFrom('known_devices').where('account_id', '=', person.accountId).select('hash')
  expect((await devices.execute()).map(({ hash }) => hash)).toEqual([tokenHash('181 days')])
  const links = owner.selectFrom('account_tokens').where('account_id', '=', person.accountId).select('id')
  expect(await links.execute()).toHaveLength(2)
  const registrations = owner
    .selectFrom('registrations')
    .where('email', '=', entered.email)
    .select('username')
  expect(await registrations.execute()).toEqual([{ username: `${name}1 minute` }])
})
