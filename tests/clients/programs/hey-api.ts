import {
  deleteGroupsById,
  deleteSessions,
  getGroupsById,
  getRolesTemplates,
  getUsers,
  patchGroupsById,
  postAuthLogin,
  postGroups,
  postMeApiKeys,
  postRolesFromTemplate,
  postUsersBulk,
} from './generated/hey-api'
import { client } from './generated/hey-api/client.gen'
import { NAMES, NOWHERE, present, type Travellers, type Trip } from './trip'

/** Its client checks by zod what is sent and what is answered. */
export async function roundTrip(baseUrl: string, { username, password, other }: Travellers): Promise<Trip> {
  client.setConfig({ baseUrl, throwOnError: true })
  const signedIn = await postAuthLogin({ body: { username, password } })
  client.setConfig({ auth: present(signedIn.data).access_token })

  const found = await getUsers({ query: { q: other, status: ['active', 'invited'] } })
  const people = present(found.data).data
  const { id } = present(people[0])

  const made = present((await postGroups({ body: { name: NAMES[0], kind: 'team' } })).data)
  if (!('name' in made)) throw new Error('its maker sees it')
  const changed = await patchGroupsById({
    path: { id: made.id },
    headers: { 'If-Match': `"${made.version}"` },
    body: { name: NAMES[1] },
  })
  const group = present(changed.data)
  if (!('name' in group)) throw new Error('its maker sees it')
  await deleteGroupsById({ path: { id: made.id } })

  const templates = present((await getRolesTemplates()).data).data
  const template = 'viewer'
  const role = present((await postRolesFromTemplate({ body: { template } })).data)
  const given = await postUsersBulk({ body: { action: 'add_role', ids: [id], role_id: role.id } })

  const ended = await deleteSessions({ query: { user_id: id } })
  const key = await postMeApiKeys({ body: { name: NAMES[0], permissions: ['user:read:all'] } })
  const missing = await getGroupsById({ path: { id: NOWHERE }, throwOnError: false })

  return {
    people: people.map((one) => one.username),
    group: [made.name, group.name],
    template: present(templates.find(({ name }) => name === template)).name,
    given: present(given.data).done,
    ended: present(ended.data).ended,
    key: present(key.data).secret.slice(0, 4),
    missing: present(missing.error).status,
  }
}
