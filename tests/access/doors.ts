import { expect } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { assign, makeRole, makeUser, type Organization, permissionOf, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

/** What those who try the doors hold. */
export const HAS = 'session:read:own'

/** Arranges something with the permission, and tries to get through. */
export type Door = (by: Person, code: string) => Promise<() => Promise<Answer>>

/** A refusal of the one record that was named, as if it had been alone. */
function bulk(answer: Answer): Answer {
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ refused: number }>().refused ? { ...answer, status: 403 } : answer
}

/** Every door to what roles give, in an organization. */
export function doorsOf(org: Organization): Record<string, Door> {
  const set = (table: 'roles' | 'permissions', id: string, change: object) =>
    owner.updateTable(table).set(change).where('org_id', '=', org.id).where('id', '=', id).execute()
  const gone = () => ({ deleted_at: new Date().toISOString() })
  const roleWith = (code: string, more: Parameters<typeof makeRole>[1] = {}) =>
    makeRole(org, { permissions: [code], ...more })
  const somebody = (...roles: string[]) => makeUser(org, { roles })
  const patch = (by: Person, id: string, body: object) => as(by).patch(api(paths.role(id)), body)
  const form = (by: Person, id: string, fields: Record<string, string>) =>
    browserOf(by).patch(paths.role(id), fields)

  /** Ways by which somebody gets a permission. */
  const giving: Record<string, Door> = {
    'giving a role': async (by, code) => {
      const [user, role] = [await somebody(), await roleWith(code)]
      return () => as(by).post(api(paths.userRole(user.id, role)))
    },
    'giving a role, by a form': async (by, code) => {
      const [user, role_id] = [await somebody(), await roleWith(code)]
      return () => browserOf(by).post(paths.userRoles(user.id), { role_id })
    },
    'giving a role that inherits it': async (by, code) => {
      const [user, parent] = [await somebody(), await roleWith(code)]
      const role = await makeRole(org, { parents: [await makeRole(org, { parents: [parent] })] })
      return () => as(by).post(api(paths.userRole(user.id, role)))
    },
    'giving a role for longer': async (by, code) => {
      const [user, id] = [await somebody(), await roleWith(code)]
      await assign(org, user.id, { id, expires: '1 hour' })
      return () => as(by).post(api(paths.userRole(user.id, id)), { expires_at: '2099-01-01T00:00:00Z' })
    },
    'giving a role to many': async (by, code) => {
      const [user, role_id] = [await somebody(), await roleWith(code)]
      return async () =>
        bulk(await as(by).post(api(`${paths.users}/bulk`), { action: 'add_role', ids: [user.id], role_id }))
    },
    'making a role': async (by, code) => () =>
      as(by).post(api(paths.roles), { name: unique('new'), permissions: [HAS, code] }),
    'making a role, by a form': async (by, code) => () =>
      browserOf(by).post(paths.roles, { name: unique('new'), permissions: [code] }),
    'making a role that inherits it': async (by, code) => {
      const parent_ids = [await makeRole(org, { parents: [await roleWith(code)] })]
      return () => as(by).post(api(paths.roles), { name: unique('new'), parent_ids })
    },
    'changing what a role holds': async (by, code) => {
      const role = await roleWith(HAS)
      return () => patch(by, role, { permissions: [HAS, code] })
    },
    'changing it by a form': async (by, code) => {
      const role = await roleWith(HAS)
      return () => form(by, role, { permissions: code })
    },
    'looking at what a change would do': async (by, code) => {
      const role = await roleWith(HAS)
      return () => as(by).patch(api(`${paths.role(role)}?dry_run=true`), { permissions: [code] })
    },
    'looking at it by a form': async (by, code) => {
      const role = await roleWith(HAS)
      return () => browserOf(by).post(pathsOf(paths.roles).edit(role), { permissions: code })
    },
    'replacing a role': async (by, code) => {
      const role = await roleWith(HAS)
      return () => as(by).put(api(paths.role(role)), { name: unique('put'), permissions: [code] })
    },
    'adding a permission': async (by, code) => {
      const role = await roleWith(HAS)
      return () => as(by).post(api(paths.rolePermission(role, permissionOf(org, code))))
    },
    'adding a permission to a role of one’s own': async (by, code) => {
      const role = await roleWith(HAS)
      await assign(org, by.id, role)
      return () => as(by).post(api(paths.rolePermission(role, permissionOf(org, code))))
    },
    'adding a parent': async (by, code) => {
      const [role, parent] = [await roleWith(HAS), await roleWith(code)]
      return () => as(by).post(api(paths.roleParent(role, parent)))
    },
    'adding a parent among others': async (by, code) => {
      const [role, weak, strong] = [await roleWith(HAS), await makeRole(org), await roleWith(code)]
      return () => patch(by, role, { parent_ids: [weak, strong] })
    },
    'adding a parent that inherits it': async (by, code) => {
      const [role, parent] = [await roleWith(HAS), await makeRole(org, { parents: [await roleWith(code)] })]
      return () => as(by).post(api(paths.roleParent(role, parent)))
    },
    'adding a parent that sleeps': async (by, code) => {
      const [role, parent] = [await roleWith(HAS), await roleWith(code, { status: 'disabled' })]
      return () => as(by).post(api(paths.roleParent(role, parent)))
    },
    'adding a parent beneath one that is deleted': async (by, code) => {
      const [role, strong] = [await roleWith(HAS), await roleWith(code)]
      const parent = await makeRole(org, { parents: [strong] })
      await set('roles', strong, gone())
      return () => as(by).post(api(paths.roleParent(role, parent)))
    },
    'enabling a role': async (by, code) => {
      const role = await roleWith(code, { status: 'disabled' })
      return () => patch(by, role, { status: 'active' })
    },
    'switching a role on': async (by, code) => {
      const role = await roleWith(code, { status: 'disabled' })
      return () => as(by).patch(api(paths.toggleRole(role)))
    },
    'enabling many roles': async (by, code) => {
      const role = await roleWith(code, { status: 'disabled' })
      return async () =>
        bulk(await as(by).post(api(`${paths.roles}/bulk`), { action: 'activate', ids: [role] }))
    },
    'enabling a role that inherits it': async (by, code) => {
      const role = await makeRole(org, { parents: [await roleWith(code)], status: 'disabled' })
      return () => as(by).patch(api(paths.toggleRole(role)))
    },
    'restoring a role': async (by, code) => {
      const role = await roleWith(code)
      await set('roles', role, gone())
      return () => as(by).post(api(`${paths.role(role)}/restore`))
    },
    'restoring many roles': async (by, code) => {
      const role = await roleWith(code)
      await set('roles', role, gone())
      return async () =>
        bulk(await as(by).post(api(`${paths.roles}/bulk`), { action: 'restore', ids: [role] }))
    },
    'enabling a permission': async (by, code) => {
      await set('permissions', permissionOf(org, code), { status: 'disabled' })
      return () => as(by).patch(api(paths.permission(permissionOf(org, code))), { status: 'active' })
    },
    'switching a permission on': async (by, code) => {
      await set('permissions', permissionOf(org, code), { status: 'disabled' })
      return () => browserOf(by).patch(paths.togglePermission(permissionOf(org, code)))
    },
  }

  /** Ways by which somebody changes or loses what has a permission. */
  const taking: Record<string, Door> = {
    'taking a role': async (by, code) => {
      const role = await roleWith(code)
      const user = await somebody(role)
      return () => as(by).delete(api(paths.userRole(user.id, role)))
    },
    'taking a role from many': async (by, code) => {
      const role_id = await roleWith(code)
      const user = await somebody(role_id)
      return async () =>
        bulk(
          await as(by).post(api(`${paths.users}/bulk`), { action: 'remove_role', ids: [user.id], role_id }),
        )
    },
    'letting a role end': async (by, code) => {
      const role = await roleWith(code)
      const user = await somebody(role)
      return () => as(by).post(api(paths.userRole(user.id, role)), { expires_at: '2099-01-01T00:00:00Z' })
    },
    'taking a permission': async (by, code) => {
      const role = await roleWith(code)
      return () => as(by).delete(api(paths.rolePermission(role, permissionOf(org, code))))
    },
    'taking a weak permission from a stronger role': async (by, code) => {
      const role = await makeRole(org, { permissions: [code, 'user:read:all'] })
      return () => as(by).delete(api(paths.rolePermission(role, permissionOf(org, 'user:read:all'))))
    },
    'taking a parent': async (by, code) => {
      const parent = await roleWith(code)
      const role = await makeRole(org, { parents: [parent] })
      return () => as(by).delete(api(paths.roleParent(role, parent)))
    },
    'emptying a role': async (by, code) => {
      const role = await roleWith(code)
      return () => patch(by, role, { permissions: [] })
    },
    'describing a role anew': async (by, code) => {
      const role = await roleWith(code)
      return () => patch(by, role, { description: 'x' })
    },
    'renaming a role that inherits it': async (by, code) => {
      const role = await makeRole(org, { parents: [await roleWith(code)] })
      return () => patch(by, role, { name: unique('renamed') })
    },
    'disabling a role': async (by, code) => {
      const role = await roleWith(code)
      return () => browserOf(by).patch(paths.toggleRole(role))
    },
    'deleting a role': async (by, code) => {
      const role = await roleWith(code)
      return () => as(by).delete(api(paths.role(role)))
    },
    'deleting many roles': async (by, code) => {
      const role = await roleWith(code)
      return async () =>
        bulk(await as(by).post(api(`${paths.roles}/bulk`), { action: 'delete', ids: [role] }))
    },
    'disabling a permission': async (by, code) => () =>
      as(by).patch(api(paths.togglePermission(permissionOf(org, code)))),
    'disabling many permissions': async (by, code) => async () =>
      bulk(
        await as(by).post(api(`${paths.permissions}/bulk`), {
          action: 'disable',
          ids: [permissionOf(org, code)],
        }),
      ),
  }

  return { ...giving, ...taking }
}
