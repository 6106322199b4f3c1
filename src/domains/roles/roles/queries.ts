import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { inForce, latestEnd } from '#src/access/in-force.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { HOLDERS_CAP } from '#src/domains/roles/roles/model.ts'
import { type Named, type Offers, offersIn, type Reading } from '#src/domains/roles/roles/offering-queries.ts'
import { statement } from '#src/resource/list/query.ts'

/** Who has a role now: how many, exact up to the cap, and the first of them as far as the reader may see them. */
export type Holders = { count: number; users: (Named & { expires_at: string | null })[] }

const FIRST = 25

/** What a role's page shows beside it: roles that inherit from it, who has it, and what may be added to it. */
export type Beside = Offers & { children: Named[]; holders: Holders }

export const besideRole = (db: Reading, actor: UserActor, id: string, mayChange: boolean): Promise<Beside> =>
  db.withActor(actor, async (tx) => ({
    children: await childrenOf(tx, actor, id),
    holders: await holdersOf(tx, actor, id),
    ...(mayChange ? await offersIn(tx, actor, id) : { permissions: [], parents: [], changeable: false }),
  }))

/** How many people have roles that are to go, or one that inherits from them. */
export async function holdersOfAny(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  grant: Grant<'role', 'delete'>,
  ids: readonly string[],
): Promise<number> {
  const text = sql<{ people: number }>`
    with recursive line(id) as (
      select r.id from roles r where r.id = any(${ids}::uuid[]) and r.deleted_at is null and ${grant.where('r')}
      union
      select r.id from line join role_parents i on i.parent_id = line.id
        join roles r on r.id = i.role_id and r.deleted_at is null)
    select count(distinct ur.user_id)::int as people from line join user_roles ur on ur.role_id = line.id
      join users u on u.id = ur.user_id and u.deleted_at is null
    where ur.expires_at is null or ur.expires_at > now()`
  const [found] = await db.readAs(actor, (q) => statement(q, text))
  return found?.people ?? 0
}

async function childrenOf(tx: Tx, actor: UserActor, id: string): Promise<Named[]> {
  const { rows } = await sql<Named>`
    select r.id, r.name from role_parents i join roles r on r.id = i.role_id
    where i.parent_id = ${id} and r.deleted_at is null and ${actor.find('role:read')?.where('r') ?? sql`false`}
    order by r.sort_name, r.id`.execute(tx)
  return rows
}

async function holdersOf(tx: Tx, actor: UserActor, id: string): Promise<Holders> {
  const having = sql`from (select ur.user_id, ${latestEnd('ur')} as expires_at from user_roles ur
      where ur.role_id = ${id} and ${inForce('ur')} group by ur.user_id) ur
    join users u on u.id = ur.user_id where u.deleted_at is null`
  const { rows: counted } = await sql<{ count: number }>`
    select count(*)::int as count from (select ${having} limit ${HOLDERS_CAP + 1}) having_it`.execute(tx)
  const { rows: users } = await sql<Holders['users'][number]>`
    select u.id, u.full_name as name, ur.expires_at ${having}
      and ${actor.find('user:read')?.where('u') ?? sql`false`}
    order by u.sort_name, u.id limit ${FIRST}`.execute(tx)
  return { count: counted[0]?.count ?? 0, users }
}
