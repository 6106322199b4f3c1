import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type NewPerson,
  type Organization,
  roleOf,
} from '#tests/factories.ts'

/** Somebody with a session for each way in. */
export type Person = {
  org: Organization
  id: string
  accountId: string
  username: string
  email: string
  /** Of a session of kind `token`, for the header Authorization. */
  token: string
  /** Of a session of kind `browser`, for the cookie. */
  cookie: string
}

/** The people that every write is tried with. */
export type People = {
  org: Organization
  /** The department of `member`, and the other one of `outsider`. */
  group: string
  elsewhere: string
  /** Everything; `role:update:all` among it. */
  owner: Person
  admin: Person
  /** May create, read, update and delete the people of their own groups, not themselves beyond that. */
  member: Person
  /** May the same, in a group of their own. */
  outsider: Person
  /** Reads the people of the member's group, and changes nobody. */
  viewer: Person
  /** Shares the member's group, and has no roles. */
  colleague: Person
  /** Owner of another organization. */
  foreigner: Person
}

export const OF_GROUP = [
  'user:create:group',
  'user:read:group',
  'user:update:group',
  'user:delete:group',
  'user:read:own',
]

/** An organization with everybody in it, and somebody of another. */
export async function makePeople(): Promise<People> {
  const [org, other] = await Promise.all([makeOrganization(), makeOrganization()])
  const [group, elsewhere, ofGroup] = await Promise.all([
    makeGroup(org),
    makeGroup(org),
    makeRole(org, { permissions: OF_GROUP }),
  ])
  const [owner, admin, member, outsider, viewer, colleague, foreigner] = await Promise.all([
    makeUser(org, { roles: [roleOf(org, 'owner')] }),
    makeUser(org, { roles: [roleOf(org, 'admin')] }),
    makeUser(org, { roles: [ofGroup], groups: [group] }),
    makeUser(org, { roles: [ofGroup], groups: [elsewhere] }),
    makeUser(org, { roles: [roleOf(org, 'viewer')], groups: [group] }),
    makeUser(org, { groups: [group] }),
    makeUser(other, { roles: [roleOf(other, 'owner')] }),
  ])
  return { org, group, elsewhere, owner, admin, member, outsider, viewer, colleague, foreigner }
}

/** Somebody who holds exactly these permissions (codes), through a role of their own. */
export async function personWith(
  org: Organization,
  permissions: readonly string[],
  options: NewPerson = {},
): Promise<Person> {
  const roles = permissions.length ? [await makeRole(org, { permissions })] : []
  return makeUser(org, { ...options, roles: [...roles, ...(options.roles ?? [])] })
}
