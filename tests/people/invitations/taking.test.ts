import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { tokenHash } from '#src/platform/token.ts'
import { accountOf } from '#tests/accounts/links.ts'
import { makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { accept, invitedBy } from '#tests/people/invitations/inviting.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, db } = await testDatabase()
const org = await makeOrganization(`Käse & “Söhne” ${unique('')}`)
const admin = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada', last_name: 'Admin' })
const member = roleOf(org, 'member')
const group = await makeGroup(org, { kind: 'warehouse' })
const elsewhere = await makeOrganization()
const alter = (id: string, set: object) =>
  owner.updateTable('invitations').set(set).where('id', '=', id).execute()

describe('the database itself', () => {
  const take = (token: string, values: unknown[], place = org.id) =>
    asSystem(db, place, 'a test', async (tx) => {
      const [hash, account, at] = values
      const { rows } = await sql<{
        taken: unknown
      }>`select app.take_invitation(${tokenHash(token)}, ${unique('x')},
        ${hash}, ${account}, ${at}::timestamptz) as taken`.execute(tx)
      return rows[0]?.taken ?? null
    })

  test('asks for the proof of the password that there is, and sets none over it', async () => {
    const known = await makeUser(elsewhere)
    const other = await makeUser(elsewhere)
    const { token } = await invitedBy(admin, { email: known.email })
    const before = await accountOf(known)
    const changed = { password_changed_at: sql<string>`now() - interval '1 minute'` }
    await owner.updateTable('accounts').set(changed).where('id', '=', known.accountId).execute()
    const [now, then] = [new Date(), new Date(Date.now() - 120_000)]
    for (const values of [
      ['a-hash', null, null],
      ['a-hash', other.accountId, now],
      [null, known.accountId, then],
    ])
      expect(await take(token, values)).toBeNull()
    expect((await accountOf(known)).password_hash).toBe(before.password_hash)
    expect(await take(token, [null, known.accountId, now])).toMatchObject({ account: known.accountId })
    expect((await accountOf(known)).password_hash).toBe(before.password_hash)
  })

  test('takes a link once, in time, and in its own organization', async () => {
    const late = await invitedBy(admin)
    await alter(late.id, { expires_at: sql`now() - interval '1 second'` })
    expect(await take(late.token, ['a-hash', null, null])).toBeNull()
    const { token } = await invitedBy(admin)
    expect(await take(token, ['a-hash', null, null], elsewhere.id)).toBeNull()
    expect(await take(token, [null, null, null])).toBeNull()
    expect(await take(token, ['a-hash', null, null])).not.toBeNull()
    expect(await take(token, ['a-hash', null, null])).toBeNull()
  })
})

test('fifty acceptances at once make one user', async () => {
  const { token, email } = await invitedBy(admin, { role_ids: [member], group_id: group })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => accept(token, { username: `${email.split('@')[0]}.${n}` })),
  )
  const by = Map.groupBy(answers, ({ status }) => status)
  expect([by.get(201)?.length, [...by.keys()].sort()]).toEqual([1, [201, 404]])
  const users = owner.selectFrom('users').where('org_id', '=', org.id).where('email', '=', email).selectAll()
  expect(await users.execute()).toHaveLength(1)
  const accounts = owner.selectFrom('accounts').where('email', '=', email).selectAll()
  expect(await accounts.execute()).toHaveLength(1)
})
