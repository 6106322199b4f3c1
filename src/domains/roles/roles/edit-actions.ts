import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { type Effect, effectOf } from '#src/access/effect.ts'
import { keepingAnAdministrator } from '#src/access/granting.ts'
import type { Tx } from '#src/db/database.ts'

/** What a write made, what it did to people, and which fields it changed, where it tells. */
export type Edited<T> = { result: T; effects: Effect[]; fields?: readonly string[] }

/**
 * Runs a write that changes what roles give: somebody who administers roles is left, who gains and loses what stands
 * in the trail, and the roles that inherit get a new version, since what they give is part of them.
 * @param ids the roles that are written, or that hold the permission that is
 */
export async function editing<T>(
  tx: Tx,
  actor: UserActor,
  ids: readonly string[],
  write: () => Promise<T>,
): Promise<Edited<T>> {
  // locked before the turn of keepingAnAdministrator, which others take with a role in their hands
  const heirs = await lockHeirs(tx, ids)
  const edited = await keepingAnAdministrator(tx, () => effectOf(tx, actor, ids, write))
  if (heirs.length)
    await tx
      .updateTable('roles')
      .set({ version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', 'in', heirs)
      .execute()
  return edited
}

async function lockHeirs(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with recursive below(id) as (
      select i.role_id from role_parents i where i.parent_id = any(${ids}::uuid[])
      union
      select i.role_id from below join role_parents i on i.parent_id = below.id
    )
    select r.id from roles r where r.id in (select id from below) and r.id <> all(${ids}::uuid[])
    order by r.id for update`.execute(tx)
  return rows.map(({ id }) => id)
}
