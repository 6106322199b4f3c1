import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { inject } from 'vitest'
import { seedAccess } from '#src/domains/organizations/organizations/access-actions.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

// Everything here is made by the owner, past row security, as quickly as it goes: rows name their organization.
const { owner } = await testDatabase()

/** An organization with its built-in permissions and roles. */
export type Organization = {
  id: string
  slug: string
  /** Ids of the built-in roles by template, and of the permissions by code. */
  roles: ReadonlyMap<string, string>
  permissions: ReadonlyMap<string, string>
}

let count = 0
/** A short name that nothing else in this database has. */
export const unique = (prefix: string) => `${prefix}${++count}-${randomBytes(3).toString('hex')}`

const idOf = (map: ReadonlyMap<string, string>, key: string) => {
  const id = map.get(key)
  if (!id) throw new Error(`there is no ${key} here`)
  return id
}
export const roleOf = (org: Organization, template: string) => idOf(org.roles, template)
export const permissionOf = (org: Organization, code: string) => idOf(org.permissions, code)

export async function makeOrganization(name = unique('org')): Promise<Organization> {
  const slug = unique('org')
  const { id } = await owner
    .insertInto('organizations')
    .values({ name, slug })
    .returning('id')
    .executeTakeFirstOrThrow()
  await seedAccess(owner, id)
  return organizationOf({ id, slug })
}

/** The one platform organization, which every installation has. */
export async function platformOrganization(): Promise<Organization> {
  const found = owner.selectFrom('organizations').where('kind', '=', 'platform').select(['id', 'slug'])
  return organizationOf(await found.executeTakeFirstOrThrow())
}

async function organizationOf({ id, slug }: { id: string; slug: string }): Promise<Organization> {
  const [roles, permissions] = await Promise.all([
    owner.selectFrom('roles').where('org_id', '=', id).select(['name', 'id']).execute(),
    owner.selectFrom('permissions').where('org_id', '=', id).select(['code', 'id']).execute(),
  ])
  return {
    id,
    slug,
    roles: new Map(roles.map((role) => [role.name, role.id])),
    permissions: new Map(permissions.map((permission) => [permission.code, permission.id])),
  }
}

type Role = {
  name?: string
  permissions?: readonly string[]
  parents?: readonly string[]
  status?: 'active' | 'disabled'
}

/** A role with permissions (codes) and roles that it inherits from (ids). */
export async function makeRole(
  org: Organization,
  { name = unique('role'), permissions = [], parents = [], status = 'active' }: Role = {},
): Promise<string> {
  const org_id = org.id
  const { id } = await owner
    .insertInto('roles')
    .values({ org_id, name, status })
    .returning('id')
    .executeTakeFirstOrThrow()
  const held = permissions.map((code) => ({ org_id, role_id: id, permission_id: permissionOf(org, code) }))
  if (held.length) await owner.insertInto('role_permissions').values(held).execute()
  const inherited = parents.map((parent_id) => ({ org_id, role_id: id, parent_id }))
  if (inherited.length) await owner.insertInto('role_parents').values(inherited).execute()
  return id
}

export type NewPerson = {
  username?: string
  first_name?: string
  last_name?: string
  status?: 'active' | 'invited' | 'disabled'
  /** Ids. */
  roles?: readonly string[]
  groups?: readonly (string | { id: string; role: 'lead' | 'member' | 'viewer' })[]
  /** Whether the organization's administrators may still change how the person signs in. */
  managed?: boolean
  /** Whether they have shown that their address is theirs, as most people have. */
  proved?: boolean
}

/** A user with an account, `PASSWORD` to sign in with, and an open session each for programs and for browsers. */
export async function makeUser(org: Organization, options: NewPerson = {}): Promise<Person> {
  const {
    username = unique('person'),
    roles = [],
    groups = [],
    managed = true,
    status = 'active',
    proved = true,
    ...names
  } = options
  const org_id = org.id
  const email = `${username}@example.com`
  const email_verified_at = proved ? sql<string>`now()` : null
  const account = await owner
    .insertInto('accounts')
    .values({
      username,
      email,
      password_hash: inject('template').passwordHash,
      email_verified_at,
      managed_by_org_id: managed ? org_id : null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const { id } = await owner
    .insertInto('users')
    .values({ org_id, account_id: account.id, username, email, email_verified_at, status, ...names })
    .returning('id')
    .executeTakeFirstOrThrow()
  await assign(org, id, ...roles)
  const members = groups.map((group) => (typeof group === 'string' ? { id: group, role: 'member' } : group))
  for (const group of members) await addMember(org, id, group.id, group.role)
  const person = { org, id, accountId: account.id, username, email }
  return {
    ...person,
    token: await openSession(person, 'token'),
    cookie: await openSession(person, 'browser'),
  }
}

/** The same person, by the same account, in another organization, too, since long ago: all sessions are open. */
export async function joinOrganization(
  { accountId, username, email }: Person,
  org: Organization,
  { roles = [], status = 'active' }: Pick<NewPerson, 'roles' | 'status'> = {},
): Promise<Person> {
  const values = { org_id: org.id, account_id: accountId, username, email, status }
  const { id } = await owner.transaction().execute(async (tx) => {
    const made = tx.insertInto('users').values(values).returning('id').executeTakeFirstOrThrow()
    const open = tx.updateTable('sessions').set({ revoked_at: null }).where('account_id', '=', accountId)
    await made
    await open.where('revoked_at', '=', sql<string>`now()`).execute()
    return made
  })
  await assign(org, id, ...roles)
  const person = { org, id, accountId, username, email }
  return {
    ...person,
    token: await openSession(person, 'token'),
    cookie: await openSession(person, 'browser'),
  }
}

/** Gives roles for good; with an end by `expires`, an SQL interval from now like `-1 second`. */
export async function assign(
  org: Organization,
  user_id: string,
  ...roles: (string | { id: string; expires: string })[]
) {
  const rows = roles.map((role) => (typeof role === 'string' ? { id: role, expires: null } : role))
  const values = rows.map(({ id, expires }) => ({
    org_id: org.id,
    user_id,
    role_id: id,
    expires_at: expires === null ? null : sql<string>`now() + ${expires}::interval`,
  }))
  if (values.length) await owner.insertInto('user_roles').values(values).execute()
}

type Group = { name?: string; kind?: 'department' | 'team' | 'warehouse' | 'client'; parent?: string | null }

export async function makeGroup(
  org: Organization,
  { name = unique('group'), kind = 'department', parent = null }: Group = {},
): Promise<string> {
  const values = { org_id: org.id, name, kind, parent_id: parent }
  return (await owner.insertInto('groups').values(values).returning('id').executeTakeFirstOrThrow()).id
}

export async function addMember(org: Organization, user_id: string, group_id: string, role = 'member') {
  await owner.insertInto('group_members').values({ org_id: org.id, user_id, group_id, role }).execute()
}

type Session = { ends?: string; idle?: string; proved?: string }

/**
 * Opens a session without a sign-in, and answers its token.
 * @param ends and idle are SQL intervals, and so is how long ago the person `proved` who they are
 */
export async function openSession(
  person: Pick<Person, 'org' | 'id' | 'accountId'>,
  kind: 'browser' | 'token',
  { ends = '30 days', idle = '12 hours', proved = '0 seconds' }: Session = {},
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await owner
    .insertInto('sessions')
    .values({
      org_id: person.org.id,
      account_id: person.accountId,
      user_id: person.id,
      kind,
      token_hash: createHash('sha256').update(token).digest(),
      user_agent: 'test',
      idle_timeout: sql`${idle}::interval`,
      expires_at: sql`now() + ${ends}::interval`,
      proved_at: sql`now() - ${proved}::interval`,
    })
    .execute()
  return token
}

/** The id of the session that a token is for. */
export async function sessionOf(token: string): Promise<string> {
  const token_hash = createHash('sha256').update(token).digest()
  return (
    await owner
      .selectFrom('sessions')
      .where('token_hash', '=', token_hash)
      .select('id')
      .executeTakeFirstOrThrow()
  ).id
}
