import { sql } from 'kysely'
import { expect } from 'vitest'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { withFactor } from '#tests/accounts/factors.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type NewPerson,
  permissionOf,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
export const api = (path: string) => `/api/v1${path}`
export const org = await makeOrganization()
export const gone = () => ({ deleted_at: new Date().toISOString() })
const set = (table: 'users' | 'roles' | 'groups' | 'permissions', id: string, change: object) =>
  owner.updateTable(table).set(change).where('org_id', '=', org.id).where('id', '=', id).execute()

export const LACKS = 'event:read:all'
const ASLEEP = 'permission:read:all'
const OF_GROUPS = ['group:read:group', 'group:update:group']
/** Changes everybody, and works for some groups alone. */
const HELD = [
  ...['user', 'session', 'api_key', 'invitation'].flatMap((model) =>
    ['create', 'read', 'update', 'delete'].map((action) => `${model}:${action}:all`),
  ),
  ...OF_GROUPS,
].filter((code) => org.permissions.has(code))

const top = await makeGroup(org)
const mine = await makeGroup(org, { parent: top })
export const beside = await makeGroup(org, { parent: top })
const [beneath, viewed] = [await makeGroup(org, { parent: mine }), await makeGroup(org)]
const [closed, closedBeside] = [
  await makeGroup(org, { parent: mine }),
  await makeGroup(org, { parent: beside }),
]
for (const id of [closed, closedBeside]) await set('groups', id, gone())
await set('permissions', permissionOf(org, ASLEEP), { status: 'disabled' })

export const by = await personWith(org, HELD, { groups: [mine, { id: viewed, role: 'viewer' }] })
export const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })

export type Kind = (more?: NewPerson) => Promise<Person>
const having =
  (role: () => Promise<string>, groups: NewPerson['groups'] = []): Kind =>
  async (more) =>
    makeUser(org, { ...more, roles: [await role()], groups })
const role = (...permissions: string[]) => makeRole(org, { permissions })
export const asleep = async (change: object, ...permissions: string[]) => {
  const id = await role(...permissions)
  await set('roles', id, change)
  return id
}
const ofGroups = () => role(...OF_GROUPS)

/** Who reaches more than `by`, now or by what can come back. */
export const stronger: Record<string, Kind> = {
  'a permission more': having(() => role(LACKS)),
  'a deleted role': having(() => asleep(gone(), LACKS)),
  'a disabled role': having(() => asleep({ status: 'disabled' }, LACKS)),
  'a role beneath a deleted one': having(async () =>
    makeRole(org, { parents: [await asleep(gone(), LACKS)] }),
  ),
  'a disabled permission': having(() => role(ASLEEP)),
  'the same in a group beside': having(ofGroups, [beside]),
  'the same in the group above': having(ofGroups, [top]),
  'the same in a deleted group beside': having(ofGroups, [closedBeside]),
  'the same by a deleted role in a group beside': having(() => asleep(gone(), ...OF_GROUPS), [beside]),
  'to change where one only sees': having(ofGroups, [viewed]),
  'to see what a viewer sees beside': having(ofGroups, [{ id: beside, role: 'viewer' }]),
  'members to say in a group beside': (more) =>
    makeUser(org, { ...more, groups: [{ id: beside, role: 'lead' }] }),
}

/** Who reaches no more. */
export const equal: Record<string, Kind> = {
  nothing: (more) => makeUser(org, more),
  'the same in the same group': having(ofGroups, [mine]),
  'the same beneath it': having(ofGroups, [beneath]),
  'the same in a deleted group beneath': having(ofGroups, [closed]),
  'the same by a deleted role': having(() => asleep(gone(), ...OF_GROUPS), [mine]),
  'to change beside, as a viewer alone': having(
    () => role('group:update:group'),
    [{ id: beside, role: 'viewer' }],
  ),
  'to see where one sees': having(ofGroups, [{ id: viewed, role: 'viewer' }]),
  'in a group beside what one has everywhere': having(
    () => role('user:read:group', 'user:update:group'),
    [beside],
  ),
  'members to say in one’s own group': (more) =>
    makeUser(org, { ...more, groups: [{ id: mine, role: 'lead' }] }),
  'what has run out': async (more) => {
    const person = await makeUser(org, more)
    await assign(org, person.id, { id: await role(LACKS), expires: '-1 second' })
    return person
  },
}

export type Act = {
  /** It sends an invitation, which gives only roles that work. */
  sends?: boolean
  being?: NewPerson
  /** Arranges what is acted on, and answers the attempt. */
  on: (of: Person) => Promise<(by: Person) => Promise<Answer>>
}
const act = (attempt: (by: Person, of: Person) => Promise<Answer>, being?: NewPerson): Act => ({
  ...(being ? { being } : {}),
  on: async (of) => (by) => attempt(by, of),
})
const patch = (change: () => object) => act((by, of) => as(by).patch(api(paths.user(of.id)), change()))
/** A refusal of the one that was named, as if it had been alone. */
const bulk = async (by: Person, path: string, action: string, id: string, more: object = {}) => {
  const answer = await as(by).post(api(`${path}/bulk`), { action, ids: [id], ...more })
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ refused: number }>().refused ? { ...answer, status: 403 } : answer
}
const many = (action: string, being?: NewPerson) =>
  act((by, of) => bulk(by, paths.users, action, of.id), being)
const sending = (one: Act): Act => ({ ...one, sends: true })
const deleted = (attempt: (by: Person, of: Person) => Promise<Answer>): Act => ({
  on: async (of) => {
    await set('users', of.id, gone())
    return (by) => attempt(by, of)
  },
})
const invitation = (attempt: (by: Person, id: string) => Promise<Answer>, change: object = {}): Act => ({
  being: { status: 'invited' },
  on: async ({ id: user_id, email }) => {
    const values = { org_id: org.id, email, user_id, invited_by: boss.id, mail_id: null }
    const { id } = await owner
      .insertInto('invitations')
      .values({ ...values, mail_id: sql`gen_random_uuid()`, ...change } as never)
      .returning('id')
      .executeTakeFirstOrThrow()
    return (by) => attempt(by, id)
  },
})
const key = (attempt: (by: Person, id: string) => Promise<Answer>): Act => ({
  on: async (of) => {
    const { key } = await withKey(of, ['user:read:own'])
    return (by) => attempt(by, key)
  },
})
export const weak = await makeRole(org)
const withRole = (attempt: (by: Person, of: Person) => Promise<Answer>): Act => ({
  on: async (of) => {
    await assign(org, of.id, weak)
    return (by) => attempt(by, of)
  },
})
export const address = () => `${unique('moved')}@example.com`
const whole = (of: Person) => ({
  username: of.username,
  email: of.email,
  first_name: 'Put',
  last_name: '',
  locale: 'en',
  time_zone: 'UTC',
  status: 'active',
})

export const acts: Record<string, Act> = {
  'its address': patch(() => ({ email: address() })),
  'its address, by a form': act((by, of) => browserOf(by).patch(paths.user(of.id), { email: address() })),
  'its user name': patch(() => ({ username: unique('renamed') })),
  'its first name': patch(() => ({ first_name: 'Other' })),
  'its last name, by a form': act((by, of) => browserOf(by).patch(paths.user(of.id), { last_name: 'Other' })),
  'its language': patch(() => ({ locale: 'de' })),
  'all of the record': act((by, of) => as(by).put(api(paths.user(of.id)), whole(of))),
  disabling: act((by, of) => as(by).patch(api(paths.toggleUser(of.id)))),
  'disabling by a form': act((by, of) => browserOf(by).patch(paths.user(of.id), { status: 'disabled' })),
  'disabling many': many('disable'),
  enabling: act((by, of) => as(by).patch(api(paths.user(of.id)), { status: 'active' }), {
    status: 'disabled',
  }),
  'enabling many': many('activate', { status: 'disabled' }),
  deleting: act((by, of) => as(by).delete(api(paths.user(of.id)))),
  'deleting many': many('delete'),
  restoring: deleted((by, of) => as(by).post(api(paths.restoreUser(of.id)))),
  'restoring many': deleted((by, of) => bulk(by, paths.users, 'restore', of.id)),
  unlocking: act((by, of) => as(by).post(api(paths.unlockUser(of.id)))),
  'the second factor': {
    on: async (of) => {
      await withFactor(of)
      return (by) => as(by).post(api(paths.resetSecondFactor(of.id)))
    },
  },
  'the first password': {
    being: { status: 'invited' },
    on: async (of) => {
      await owner
        .updateTable('accounts')
        .set({ password_hash: null })
        .where('id', '=', of.accountId)
        .execute()
      return (by) => as(by).post(api(paths.firstPassword(of.id)), { password: `${PASSWORD}-new` })
    },
  },
  'an invitation for them': sending(
    act((by, of) => as(by).post(api(paths.inviteUser(of.id))), { status: 'invited' }),
  ),
  'an invitation for many': sending(many('invite', { status: 'invited' })),
  'sending the invitation again': sending(
    invitation((by, id) => as(by).post(api(paths.resendInvitation(id)))),
  ),
  'sending many again': sending(invitation((by, id) => bulk(by, paths.invitations, 'resend', id))),
  'revoking the invitation': invitation((by, id) => as(by).post(api(paths.revokeInvitation(id)))),
  'deleting the invitation': invitation((by, id) => as(by).delete(api(`${paths.invitations}/${id}`))),
  'restoring the invitation': sending(
    invitation((by, id) => as(by).post(api(`${paths.invitations}/${id}/restore`)), gone()),
  ),
  'ending a session': {
    on: async (of) => {
      const id = await sessionOf(of.token)
      return (by) => as(by).delete(api(paths.session(id)))
    },
  },
  'ending all sessions': act((by, of) => as(by).delete(api(paths.sessions), { user_id: of.id })),
  'ending many sessions': {
    on: async (of) => {
      const id = await sessionOf(of.token)
      return (by) => bulk(by, paths.sessions, 'end', id)
    },
  },
  'changing a key': key((by, id) => as(by).patch(api(paths.apiKey(id)), { name: unique('key') })),
  'revoking a key': key((by, id) => as(by).delete(api(paths.apiKey(id)))),
  'revoking many keys': key((by, id) => bulk(by, paths.apiKeys, 'revoke', id)),
  'taking a role': withRole((by, of) => as(by).delete(api(paths.userRole(of.id, weak)))),
  'taking a role from many': withRole((by, of) =>
    bulk(by, paths.users, 'remove_role', of.id, { role_id: weak }),
  ),
  'letting a role end': withRole((by, of) =>
    as(by).post(api(paths.userRole(of.id, weak)), { expires_at: '2099-01-01T00:00:00Z' }),
  ),
}

export const DONE = [200, 204, 303]
export const arranged = async ({ being, on }: Act, kind: Kind) => on(await kind(being))
