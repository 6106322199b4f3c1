import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { mayPlaceIn } from '#src/access/placing.ts'
import type { Db, Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { rolesToGive } from '#src/domains/roles/roles/queries.ts'
import type { Offered } from '#src/resource/record/form-views.tsx'

/** More groups than these are searched for. */
const MOST = 200

/** The roles and groups that somebody may invite to. */
export async function offeredTo(
  db: Door,
  actor: UserActor,
  grant: Grant<'invitation', 'create'>,
): Promise<Offered> {
  const seen = actor.find('group:read')
  const groups = seen
    ? await db.readAs(actor, (q) =>
        q
          .selectFrom('groups')
          .where('deleted_at', 'is', null)
          .where(seen.where())
          .select(['id', 'name', 'kind'])
          .orderBy('sort_name')
          .orderBy('id')
          .limit(sql.lit(MOST + 1)),
      )
    : []
  return {
    roles: (await rolesToGive(db, actor)).map(({ id, name }) => ({ value: id, label: name })),
    ...(groups.length > MOST
      ? {}
      : { groups: groups.filter(({ id }) => mayPlaceIn(actor, grant, id)).map(asOption) }),
  }
}

const asOption = ({ id, name, kind }: { id: string; name: string; kind: string }) => ({
  value: id,
  label: `${name} (${kind})`,
})

/** Roles that a name may mean, as far as the actor sees roles. */
export const rolesNamed = (tx: Db, actor: UserActor, name: string): Promise<string[]> =>
  meant(
    tx,
    sql`select r.id, r.name = ${name} as exact from roles r where r.sort_name = ${fn.fold({ value: name })}
      and r.deleted_at is null and ${actor.find('role:read')?.where('r') ?? sql`false`}`,
  )

/** Groups that a name may mean, of a kind where one is said. */
export const groupsNamed = (
  tx: Db,
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
async function meant(tx: Db, text: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await (text as RawBuilder<{ id: string; exact: boolean }>).execute(tx)
  const exact = rows.filter((row) => row.exact)
  return (exact.length ? exact : rows).map(({ id }) => id)
}
