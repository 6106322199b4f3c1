import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { parsePermission, type Scope } from '#src/access/permission.ts'
import {
  type HeldRole,
  type Named,
  named,
  type Subject,
  standing,
  standingOf,
  type Who,
} from '#src/access/standing.ts'
import type { Door } from '#src/db/database.ts'

/** Where a permission comes from: an assigned role, and the chain of parents up to the role that holds it. */
export type Source = { role: Named; inherited: Named[]; expires_at: string | null }

export type Effective = {
  code: string
  model: string
  action: string
  scope: Scope
  description: string
  sources: Source[]
}

/** A user and their current permissions. */
export type Having = { subject: Subject; permissions: Effective[] }

const MAX_SOURCES = 10

/**
 * A user's current permissions, from the same rights that decide requests, with the roles that give each.
 * @param visible users the asker may ask about: a condition on `users` as `u`
 * @returns null if there is no such user among them
 */
export async function effectivePermissions(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  who: Who,
  visible: RawBuilder<SqlBool>,
): Promise<Having | null> {
  const asking = { who, permissions: sql<boolean>`true`, roles: 'assigned', visible } as const
  const [row] = await db.readAs(actor, standingOf(actor, asking))
  if (!row) return null
  const { subject, permissions, asked, roles, assigned } = standing(actor, row)
  if (subject.inactive !== null) return { subject, permissions: [] }
  const described = new Map(asked.map(({ code, description }) => [code, description]))
  const active = new Map(
    assigned.filter(({ holds }) => holds === 'now').map((one) => [one.role, one.expires_at]),
  )
  const sourcesOf = (code: string): Source[] =>
    roles
      .chains([...active.keys()], (role) => role.codes.includes(code), {
        passes: ({ active }) => active,
        most: MAX_SOURCES,
      })
      .map((chain) => {
        const [first, ...rest] = chain as [HeldRole, ...HeldRole[]]
        return { role: named(first), inherited: rest.map(named), expires_at: active.get(first.id) ?? null }
      })
  const found = [...permissions].sort().flatMap((code): Effective[] => {
    const parsed = parsePermission(code)
    return parsed
      ? [{ code, ...parsed, description: described.get(code) ?? '', sources: sourcesOf(code) }]
      : []
  })
  return { subject, permissions: found }
}
