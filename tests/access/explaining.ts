import { expect } from 'vitest'
import type { Scope } from '#src/access/permission.ts'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()

/** An explanation as it is answered. */
export type Explained = {
  allowed: boolean
  because: {
    role: string | null
    inherited_through: (string | null)[]
    permission: string
    scope: Scope
    matched: { column: string | null; group_path?: (string | null)[] }
  }[]
  missing?: { permissions: string[]; roles: string[] }
  asleep?: string[]
}
export type Asked = { user?: string; permission?: string; record?: string; request?: string }

export const ask = (by: Person, question: Asked) => as(by).get(`/api/v1${paths.access.why(question)}`)

export async function why(by: Person, question: Asked): Promise<Explained> {
  const answer = await ask(by, question)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Explained>()
}

/** Puts a role, group or user into another state, behind the application. */
export const set = (table: 'roles' | 'groups' | 'users', id: string, change: object) =>
  owner.updateTable(table).set(change).where('id', '=', id).execute()
export const gone = () => ({ deleted_at: new Date().toISOString() })

/**
 * An organization in which Kim, a member of Sales, has the role clerk, which inherits `user:read:group` from reader;
 * and a target in North, which lies beneath Sales.
 */
export async function stage() {
  const [sales, north, reader, clerk] = ['Sales', 'North', 'reader', 'clerk'].map(unique) as [
    string,
    string,
    string,
    string,
  ]
  const org = await makeOrganization()
  const salesId = await makeGroup(org, { name: sales })
  const northId = await makeGroup(org, { name: north, parent: salesId })
  const readerId = await makeRole(org, { name: reader, permissions: ['user:read:group'] })
  const clerkId = await makeRole(org, { name: clerk, permissions: ['user:update:own'], parents: [readerId] })
  return {
    org,
    names: { sales, north, reader, clerk },
    sales: salesId,
    north: northId,
    reader: readerId,
    clerk: clerkId,
    boss: await makeUser(org, { roles: [roleOf(org, 'owner')] }),
    person: await makeUser(org, {
      roles: [clerkId],
      groups: [salesId],
      first_name: 'Kim',
      last_name: 'Clerk',
    }),
    target: await makeUser(org, { groups: [northId] }),
  }
}
