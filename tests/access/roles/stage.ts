import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { makeRole, permissionOf } from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

const EDITING = [
  'role:create:all',
  'role:read:all',
  'role:update:all',
  'role:delete:all',
  'permission:read:all',
]

/** What tests of roles have in common. */
export type RoleStage = {
  people: People
  /** May do everything with roles, and holds what the tests' roles hold. */
  editor: Person
  /** Sees roles and changes none. */
  looker: Person
  parent: string
}

export async function roleStage(): Promise<RoleStage> {
  const people = await makePeople()
  const [editor, looker, parent] = await Promise.all([
    personWith(people.org, [...EDITING, 'user:read:all', 'session:read:own']),
    personWith(people.org, ['role:read:all', 'user:update:all']),
    makeRole(people.org, { permissions: ['user:read:group'] }),
  ])
  return { people, editor, looker, parent }
}

export const api = (path: string) => `/api/v1${path}`
export const now = () => new Date().toISOString()
export const permission = ({ people }: RoleStage, code: string) => permissionOf(people.org, code)

/** The role as its organization's owner reads it. */
export const read = async ({ people }: RoleStage, id: string) =>
  (await as(people.owner).get(api(paths.role(id)))).json<RoleRecord>()
/** Codes that the role holds itself. */
export const own = ({ permissions }: RoleRecord) =>
  permissions.filter(({ inherited_from }) => !inherited_from).map(({ code }) => code)

export const row = (id: string) =>
  owner.selectFrom('roles').where('id', '=', id).selectAll().executeTakeFirstOrThrow()
export const set = (id: string, change: object) =>
  owner.updateTable('roles').set(change).where('id', '=', id).execute()
export const inherit = ({ people }: RoleStage, role_id: string, parent_id: string) =>
  owner.insertInto('role_parents').values({ org_id: people.org.id, role_id, parent_id }).execute()
