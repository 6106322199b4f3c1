import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { grant } from '#src/access/grant.ts'
import { as } from '#tests/client.ts'
import { withDepots } from '#tests/depots/setup.ts'
import { makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const app = withDepots()
const { owner } = await testDatabase()
const org = await makeOrganization()
const [depots, senders] = [await makeGroup(org), await makeGroup(org)]
const boss = as(await makeUser(org, { roles: [roleOf(org, 'owner')] }), app)
const make = async (path: string, body: object) =>
  (await boss.post(`/api/v1${path}`, { name: unique('Thing'), ...body })).json<{ id: string }>().id
const [here, elsewhere] = [await make('/depots', { owner_group_id: depots }), await make('/depots', {})]
const stored = await make('/parcels', { depot_id: here })
const sent = await make('/parcels', { depot_id: elsewhere, sender_group_id: senders })
await make('/parcels', { depot_id: elsewhere })

const holder = { userId: null, groups: [depots, senders] }
const whole = grant('parcel', 'read', new Set(['group'] as const), holder)
const found = async ({ where }: { where: (table: string) => unknown }) => {
  const { rows } = await sql<{ id: string }>`
    select p.id from parcels p where p.org_id = ${org.id} and ${where('p')} order by p.id`.execute(owner)
  return rows.map(({ id }) => id)
}
const bound = (one: typeof whole) => ({ where: (table: string) => one.where(table) })

test('a Grant speaks of every column, or of the one that is named', async () => {
  expect(await found(bound(whole))).toEqual([stored, sent].sort())
  expect(await found(bound(whole.on('depot_id')))).toEqual([stored])
  expect(await found(bound(whole.on('sender_group_id')))).toEqual([sent])
  expect(await found(bound(whole.on('owner_group_id')))).toEqual([])
  expect(whole.on('depot_id').reach).not.toBe(whole.reach)
})

test('looked up from the groups it reaches the same rows', async () => {
  expect(await found({ where: (table) => whole.where(table, { few: true }) })).toEqual([stored, sent].sort())
})

test('all stays all, and a column that is not declared is a fault of the program', async () => {
  const all = grant('parcel', 'read', new Set(['all'] as const), holder)
  expect(await found(bound(all.on('depot_id')))).toHaveLength(3)
  expect(() => whole.on('name')).toThrow('declares no column name')
})
