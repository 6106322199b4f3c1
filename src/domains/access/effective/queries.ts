import type { UserActor } from '#src/access/actor.ts'
import { type Effective, effectivePermissions, type Having } from '#src/access/effective.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Who } from '#src/access/standing.ts'
import type { Door } from '#src/db/database.ts'
import { readsPermissions } from '#src/domains/access/explain/queries.ts'
import { Forbidden, notFound } from '#src/errors.ts'

/**
 * What somebody has now, and the roles that give it.
 * @throws {NotFound} for no such user within the Grant
 * @throws {Forbidden} about another user, without the right to read permissions
 */
export async function having(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  grant: Grant<'user', 'read'>,
  who: Who,
): Promise<Having> {
  const found = await effectivePermissions(db, actor, who, grant.where('u'))
  if (!found) throw notFound()
  if (found.subject.id !== actor.userId && !readsPermissions(actor)) throw new Forbidden('permission:read')
  return found
}

/** A permission that one of two has, or both: in their order. */
export type Compared = Omit<Effective, 'sources'> & { held: [boolean, boolean] }

export function compared(one: readonly Effective[], other: readonly Effective[]): Compared[] {
  const of = (list: readonly Effective[]) => new Map(list.map(({ sources: _, ...held }) => [held.code, held]))
  const [first, second] = [of(one), of(other)]
  return [...new Map([...first, ...second]).values()]
    .map((held) => ({ ...held, held: [first.has(held.code), second.has(held.code)] as [boolean, boolean] }))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
}
