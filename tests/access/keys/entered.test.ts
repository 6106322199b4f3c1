import { expect, test } from 'vitest'
import type { KeyRecord } from '#src/domains/accounts/api-keys/model.ts'
import { paths } from '#src/paths.ts'
import { enter, entered, makeSuperadmin } from '#tests/access/entering.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { as } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner } = await makePeople()
const api = (path: string) => `/api/v1${path}`
const body = { name: 'Stays behind', permissions: ['user:read:all'] }

test('whoever entered makes and rotates no key, which would outlast their stay; they may revoke', async () => {
  const superadmin = await makeSuperadmin()
  const service = await serviceWith({ org }, [])
  const key = await withKey({ ...owner, id: service.id }, ['user:read:own'])
  await entered(superadmin, org)
  const refused = [
    await as(superadmin).post(api(paths.apiKeys), body),
    await as(superadmin).post(api(paths.apiKeys), { ...body, user_id: service.id }),
    await as(superadmin).post(api(paths.rotateApiKey(key.key)), {}),
  ]
  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403])
  for (const { text } of refused) expect(text).toContain('Leave this organization first')
  const listed = await as(superadmin).get(api(paths.apiKeys))
  expect(listed.json<{ data: KeyRecord[] }>().data.map(({ id }) => id)).toContain(key.key)
  expect((await as(superadmin).delete(api(paths.apiKey(key.key)))).status).toBe(204)
  const keys = past.selectFrom('api_keys').where('org_id', '=', org.id).select('id')
  expect(await keys.execute()).toEqual([{ id: key.key }])
})

test('a key stays at home when its owner enters elsewhere, and enters nowhere itself', async () => {
  const superadmin = await makeSuperadmin()
  const key = await withKey(superadmin, ['organization:enter:all', 'organization:read:all', 'user:read:all'])
  const place = async () =>
    (await as(key).get(api(paths.auth.me))).json<{ organization: { id: string } }>().organization.id
  const home = await place()
  expect((await enter(key, org.id)).status).toBe(403)
  await entered(superadmin, org)
  expect(await place()).toBe(home)
  expect((await as(key).get(api(paths.user(owner.id)))).status).toBe(404)
  expect((await as(key).get(api(paths.organization(org.id)))).status).toBe(200)
  expect((await as(key).post(api(paths.leaveOrganization))).status).toBe(403)
  expect((await as(superadmin).post(api(paths.leaveOrganization))).status).toBe(204)
})
