import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** Roles that a name may mean, as far as the actor sees roles. */
export const rolesNamed = (tx: Tx, actor: UserActor, name: string): Promise<string[]> =>
  meant(
    tx,
    sql`select r.id, r.name = ${name} as exact from roles r where r.sort_name = ${fn.fold({ value: name })}
      and r.deleted_at is null and ${actor.find('role:read')?.where('r') ?? sql`false`}`,
  )

/** Groups that a name may mean, of a kind where one is said. */
export const groupsNamed = (
  tx: Tx,
  actor: UserActor,
  { kind, name }: { kind: string | null; name: string },
): Promise<string[]> =>
  meant(
    tx,
    sql`select g.id, g.name = ${name} as exact from groups g where g.sort_name = ${fn.fold({ value: name })}
      and (${kind}::text is null or g.kind = ${kind}) and g.deleted_at is null
      and ${actor.find('group:read')?.where('g') ?? sql`false`}`,
  )

/** Those that are written just like that, else those that differ in case and accents. */
async function meant(tx: Tx, text: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await (text as RawBuilder<{ id: string; exact: boolean }>).execute(tx)
  const exact = rows.filter((row) => row.exact)
  return (exact.length ? exact : rows).map(({ id }) => id)
}
