import createClient from 'openapi-fetch'
import type { paths } from './generated/openapi-typescript'
import { NAMES, NOWHERE, present, type Travellers, type Trip } from './trip'

export async function roundTrip(baseUrl: string, { username, password, other }: Travellers): Promise<Trip> {
  // the types say that several values are one with commas; how that is done is for the program to say
  const client = createClient<paths>({
    baseUrl,
    querySerializer: { array: { style: 'form', explode: false } },
  })
  const signedIn = present((await client.POST('/api/v1/auth/login', { body: { username, password } })).data)
  client.use({
    onRequest({ request }) {
      request.headers.set('Authorization', `Bearer ${signedIn.access_token}`)
    },
  })

  const query = { q: other, status: ['active', 'invited'] } as const
  const found = await client.GET('/api/v1/users', {
    params: { query: { ...query, status: [...query.status] } },
  })
  const list = present(found.data)
  if (typeof list === 'string') throw new Error('no file was asked for')
  const people = list.data
  const [person] = people

  const made = present((await client.POST('/api/v1/groups', { body: { name: NAMES[0], kind: 'team' } })).data)
  if (!('name' in made)) throw new Error('its maker sees it')
  const at = { path: { id: made.id }, header: { 'If-Match': `"${made.version}"` } }
  const changed = await client.PATCH('/api/v1/groups/{id}', { params: at, body: { name: NAMES[1] } })
  const group = present(changed.data)
  if (!('name' in group)) throw new Error('its maker sees it')
  await client.DELETE('/api/v1/groups/{id}', { params: { path: { id: made.id } } })

  const templates = present((await client.GET('/api/v1/roles/templates')).data).data
  const template = 'viewer'
  const role = present((await client.POST('/api/v1/roles/from-template', { body: { template } })).data)
  const bulk = { action: 'add_role' as const, ids: [present(person).id], role_id: role.id }
  const given = present((await client.POST('/api/v1/users/bulk', { body: bulk })).data)

  const user_id = present(person).id
  const ended = present((await client.DELETE('/api/v1/sessions', { params: { query: { user_id } } })).data)
  const key = { name: NAMES[0], permissions: ['user:read:all'] }
  const { secret } = present((await client.POST('/api/v1/me/api-keys', { body: key })).data)
  const missing = await client.GET('/api/v1/groups/{id}', { params: { path: { id: NOWHERE } } })

  return {
    people: people.map((one) => one.username),
    group: [made.name, group.name],
    template: present(templates.find(({ name }) => name === template)).name,
    given: given.done,
    ended: ended.ended,
    key: secret.slice(0, 4),
    missing: present(missing.error).status,
  }
}
