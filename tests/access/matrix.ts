import { expect } from 'vitest'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import {
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  roleOf,
  unique,
} from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

/** The matrix as it is answered. */
export type Read = {
  roles: { id: string; name: string; status: string; builtin: boolean; version: number }[]
  permissions: { id: string; code: string }[]
  cells: Record<string, Record<string, 'own' | string[]>>
  page: { limit: number; offset: number; total: number }
}
export type Change = { role_id: string; permission_id: string; held: boolean }

/** An organization with its owner, and a role `clerk` that inherits `user:read:group` from `base`. */
export async function stage() {
  const org = await makeOrganization()
  const names = { base: unique('base'), clerk: unique('clerk') }
  const base = await makeRole(org, { name: names.base, permissions: ['user:read:group'] })
  const clerk = await makeRole(org, { name: names.clerk, permissions: ['user:read:own'], parents: [base] })
  const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  return { org, names, base, clerk, boss }
}
export type Stage = Awaited<ReturnType<typeof stage>>

export async function read(by: Person, query = ''): Promise<Read> {
  const answer = await as(by).get(`/api/v1${paths.access.matrix}${query}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Read>()
}

export const change = (org: Organization, role: string, code: string, held: boolean): Change => ({
  role_id: role,
  permission_id: permissionOf(org, code),
  held,
})

export const save = (by: Person, changes: Change[], more: object = {}) =>
  as(by).post(`/api/v1${paths.access.matrix}`, { changes, ...more })

/** The fields that a page's form would send. */
export const form = (changes: Change[], versions: string[] = []) => ({
  held: changes.filter(({ held }) => held).map((one) => `${one.role_id}:${one.permission_id}`),
  had: changes.filter(({ held }) => !held).map((one) => `${one.role_id}:${one.permission_id}`),
  versions,
})

/** What a role holds itself. */
export async function held(role: string): Promise<string[]> {
  const rows = await owner
    .selectFrom('role_permissions as h')
    .innerJoin('permissions as p', 'p.id', 'h.permission_id')
    .where('h.role_id', '=', role)
    .select('p.code')
    .orderBy('p.code')
    .execute()
  return rows.map(({ code }) => code)
}
