import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { seedAccess } from '#src/domains/organizations/organizations/access-actions.ts'
import { paths } from '#src/paths.ts'
import { trail } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, permissionOf, roleOf } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const people = await makePeople()

test('switching tells in the trail who gains and who loses, with each role that holds it', async () => {
  const role = await makeRole(people.org, { permissions: ['session:read:own'] })
  await makeUser(people.org, { roles: [role] })
  const toggle = () =>
    as(people.owner).patch(api(paths.togglePermission(permissionOf(people.org, 'session:read:own'))))
  await toggle()
  await toggle()
  const effects = (await trail(people.org, { target: role })).filter(({ action }) => action === 'role:effect')
  const counts = effects.map(({ data }) => data as { gains: object; loses: object })
  expect(counts[0]?.loses).toHaveProperty('session:read:own')
  expect(counts[1]?.gains).toHaveProperty('session:read:own')
})

test('deleting one takes it out of every role, and raises their versions', async () => {
  const sent = { model: 'report', action: 'export', scope: 'group' }
  const { id: target } = (await as(people.owner).post(api(paths.permissions), sent)).json<{ id: string }>()
  const role = await makeRole(people.org)
  await owner
    .insertInto('role_permissions')
    .values({ org_id: people.org.id, role_id: role, permission_id: target })
    .execute()
  const version = async () =>
    (await owner.selectFrom('roles').where('id', '=', role).select('version').executeTakeFirstOrThrow())
      .version
  const before = await version()
  expect((await as(people.owner).delete(api(paths.permission(target)))).status).toBe(204)
  expect(await version()).toBeGreaterThan(before)
})

test('one of an organization’s own that the code declares later is built in from then on', async () => {
  const place = await makeOrganization()
  const id = permissionOf(place, 'session:read:own')
  await sql`delete from role_permissions where org_id = ${place.id} and permission_id = ${id}`.execute(owner)
  await sql`update permissions set builtin = false, description = 'Ours', status = 'disabled'
    where org_id = ${place.id} and id = ${id}`.execute(owner)
  await seedAccess(owner, place.id)
  const row = owner.selectFrom('permissions').where('id', '=', id).selectAll()
  expect(await row.executeTakeFirst()).toMatchObject({
    builtin: true,
    category: 'session',
    status: 'disabled',
  })
  const held = await owner
    .selectFrom('role_permissions')
    .where('org_id', '=', place.id)
    .where('permission_id', '=', id)
    .select('role_id')
    .execute()
  const roles = held.map(({ role_id }) => role_id)
  for (const template of ['owner', 'user']) expect(roles).toContain(roleOf(place, template))
  expect(roles).not.toContain(roleOf(place, 'guest'))
})
