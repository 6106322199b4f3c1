import { expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { trail } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { joinOrganization, makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

const set = (account: string, values: { status?: string; password_given?: boolean }) =>
  owner.updateTable('accounts').set(values).where('id', '=', account).execute()
const linesOf = async (org: { id: string }, id: string) =>
  (await trail(org, { target: id })).filter(({ action }) => /^account:(en|dis)able$/.test(action))

test('an account that is disabled, or enabled again, stands in the trail of each of its organizations', async () => {
  const [here, there, elsewhere] = [
    await makeOrganization(),
    await makeOrganization(),
    await makeOrganization(),
  ]
  const kim = await makeUser(here, { first_name: 'Kim', last_name: 'Doe' })
  const also = await joinOrganization(kim, there)
  const other = await makeUser(elsewhere)
  await set(kim.accountId, { status: 'disabled' })
  const disabled = {
    action: 'account:disable',
    via: 'sql',
    target_type: 'user',
    data: { before: { status: 'active' }, after: { status: 'disabled' } },
  }
  expect(await linesOf(here, kim.id)).toMatchObject([disabled])
  expect(await linesOf(there, also.id)).toMatchObject([disabled])
  await set(kim.accountId, { status: 'active' })
  expect((await linesOf(there, also.id)).map(({ action }) => action)).toEqual([
    'account:disable',
    'account:enable',
  ])
  expect(await linesOf(elsewhere, other.id)).toEqual([])
  const kept = owner.selectFrom('security_events').where('account_id', '=', kim.accountId).select('action')
  const said = (await kept.orderBy('created_at').execute()).map(({ action }) => action)
  expect(said.filter((action) => action.endsWith('able'))).toEqual(['account:disable', 'account:enable'])

  const boss = await makeUser(here, { roles: [roleOf(here, 'owner')] })
  const page = await browserOf(boss).get(`${paths.events}?action=account:disable`)
  expect(page.text).toContain('The system disabled the account of Kim Doe')
  expect((await as(boss).get(`/api/v1${paths.events}?action=account:enable`)).json()).toMatchObject({
    data: [{ target: { id: kim.id } }],
  })
})

test('nothing does for any other change of an account, or for who is deleted', async () => {
  const org = await makeOrganization()
  const kim = await makeUser(org)
  await set(kim.accountId, { password_given: true })
  await set(kim.accountId, { status: 'active' })
  expect(await linesOf(org, kim.id)).toEqual([])
  await owner
    .updateTable('users')
    .set({ deleted_at: new Date().toISOString() })
    .where('id', '=', kim.id)
    .execute()
  await set(kim.accountId, { status: 'disabled' })
  expect(await linesOf(org, kim.id)).toEqual([])
})
