import { type RawBuilder, sql } from 'kysely'
import { rightsFrom, type UserActor } from '#src/access/actor.ts'
import { type AccessModel, findModel } from '#src/access/model.ts'
import { grantOf, holderOf, type Present } from '#src/access/reach.ts'
import { inactiveReason } from '#src/access/standing.ts'
import type { Door } from '#src/db/database.ts'

/** Asks whether a user may do `model:action`, to one record or at all. */
export type AccessQuestion = { permission: string; record?: string | undefined }

/** One permission with the records asked about, as a branch of the statement. */
type Branch = { permission: string; model: AccessModel; action: string; records: Set<string> }

const declared = (permission: string): { model: AccessModel; action: string } | null => {
  const [name = '', action = ''] = permission.split(':')
  const model = findModel(name)
  return model ? { model, action } : null
}

/**
 * Answers many questions about one user in two statements: their permissions, then one branch for each permission
 * asked about with records, built from the Grant's own filter.
 * @returns answers in the order of the questions, each null for a permission that neither code nor organization
 *   declares; null if there is no such user
 */
export async function check(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  userId: string,
  questions: readonly AccessQuestion[],
  present: Present,
): Promise<(boolean | null)[] | null> {
  const names = [...new Set(questions.map(({ permission }) => permission))]
  const [found] = await db.readAs(actor, (q) => ({ compile: () => about(actor, userId, names).compile(q) }))
  if (!found) return null
  const { readGroups, writeGroups } = found.rights
  const permissions = found.inactive === null ? actor.having(userId, found.rights.permissions) : []
  const { scopes } = rightsFrom(permissions, readGroups, writeGroups)
  const known = (permission: string) => {
    const { model, action } = declared(permission) ?? {}
    return model?.actions.includes(action ?? '') || found.known.includes(permission)
  }
  const branches = new Map<string, Branch>()
  for (const { permission, record } of questions) {
    const of = declared(permission)
    if (record === undefined || !of || !scopes.has(permission)) continue
    const branch = branches.get(permission) ?? { permission, ...of, records: new Set() }
    branches.set(permission, branch)
    branch.records.add(record)
  }
  const reached = new Set<string>()
  if (branches.size) {
    const texts = [...branches.values()].map((branch) => {
      const holder = holderOf({ userId, readGroups, writeGroups }, branch.action)
      return reachable(
        branch,
        present,
        grantOf(branch.model, branch.action, scopes.get(branch.permission) ?? new Set(), holder),
      )
    })
    const text = sql<{ key: string }>`${sql.join(texts, sql` union all `)}`
    for (const { key } of await db.readAs(actor, (q) => ({ compile: () => text.compile(q) })))
      reached.add(key)
  }
  return questions.map(({ permission, record }) => {
    if (!known(permission)) return null
    return record === undefined ? scopes.has(permission) : reached.has(`${permission} ${record}`)
  })
}

type AnsweredCheck = {
  inactive: string | null
  rights: { permissions: string[]; readGroups: string[]; writeGroups: string[] }
  known: string[]
}

const about = (
  actor: UserActor,
  userId: string,
  permissions: readonly string[],
): RawBuilder<AnsweredCheck> => sql`
  select ${inactiveReason} as inactive, app.rights_of(u.id) as rights, array(
    select distinct p.model || ':' || p.action from permissions p where p.model || ':' || p.action = any(${permissions})) as known
  from users u where u.id = ${userId} and (u.shadow_of_user_id is null or u.id = ${actor.userId})`

const reachable = (
  { permission, model, records }: Branch,
  present: Present,
  grant: ReturnType<typeof grantOf>,
) => sql`
  select ${`${permission} `}::text || record.id as key from ${sql.table(model.table)} as record
  where record.id = any(${[...records]}::uuid[]) and ${grant.where('record')} and ${present(model.name)}`
