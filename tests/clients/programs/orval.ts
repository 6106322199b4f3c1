import * as api from './generated/orval'
import * as schemas from './generated/orval-zod'
import { NAMES, NOWHERE, present, type Travellers, type Trip } from './trip'

/** Its two clients together: one sends, the other checks what is sent and what is answered. */
export async function roundTrip(_: string, { username, password, other }: Travellers): Promise<Trip> {
  const login = schemas.PostAuthLoginBody.parse({ username, password })
  const signedIn = schemas.PostAuthLoginResponse.parse((await api.postAuthLogin(login)).data)
  const options = { headers: { Authorization: `Bearer ${signedIn.access_token}` } }

  const query = schemas.GetUsersQueryParams.parse({ q: other, status: ['active', 'invited'] })
  const people = schemas.GetUsersResponse.parse((await api.getUsers(query, options)).data).data
  const { id } = present(people[0])

  const body = schemas.PostGroupsBody.parse({ name: NAMES[0], kind: 'team' })
  const made = schemas.PostGroupsResponse.parse((await api.postGroups(body, options)).data)
  if (!('name' in made)) throw new Error('its maker sees it')
  const change = schemas.PatchGroupsByIdBody.parse({ name: NAMES[1] })
  const changed = await api.patchGroupsById(made.id, change, options)
  const group = schemas.PatchGroupsByIdResponse.parse(changed.data)
  if (!('name' in group)) throw new Error('its maker sees it')
  await api.deleteGroupsById(made.id, options)

  const templates = schemas.GetRolesTemplatesResponse.parse((await api.getRolesTemplates(options)).data).data
  const { template } = schemas.PostRolesFromTemplateBody.parse({ template: 'viewer' })
  const from = await api.postRolesFromTemplate({ template }, options)
  const role = schemas.PostRolesFromTemplateResponse.parse(from.data)
  const bulk = schemas.PostUsersBulkBody.parse({ action: 'add_role', ids: [id], role_id: role.id })
  const given = schemas.PostUsersBulkResponse.parse((await api.postUsersBulk(bulk, options)).data)

  const ended = await api.deleteSessions(undefined, { user_id: id }, options)
  const wanted = schemas.PostMeApiKeysBody.parse({ name: NAMES[0], permissions: ['user:read:all'] })
  const key = schemas.PostMeApiKeysResponse.parse((await api.postMeApiKeys(wanted, options)).data)
  const missing = await api.getGroupsById(NOWHERE, options)
  if (missing.status !== 404) throw new Error('there is no such group')

  return {
    people: people.map((one) => one.username),
    group: [made.name, group.name],
    template: present(templates.find(({ name }) => name === template)).name,
    given: given.done,
    ended: schemas.DeleteSessionsResponse.parse(ended.data).ended,
    key: key.secret.slice(0, 4),
    missing: missing.data.status,
  }
}
