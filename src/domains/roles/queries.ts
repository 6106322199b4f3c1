import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { covers, type Givable, givable, givingRights, mayGive } from '#src/access/granting.ts'
import type { Database, Db } from '#src/db/database.ts'
import { people } from '#src/domains/roles/assignments.ts'

type Reading = Pick<Database, 'withActor'>

/** A record that another one names. */
export type Named = { id: string; name: string }

/** Who has a role now: how many, exact up to the cap, and the first of them as far as the reader may see them. */
export type Holders = { count: number; users: (Named & { expires_at: string | null })[] }
export const HOLDERS_CAP = 1000
const FIRST = 25

/** What a role's page shows beside it: roles that inherit from it, who has it, and what may be added to it. */
export type Beside = Offers & { children: Named[]; holders: Holders }

/** Permissions and roles that the asker may put into a role, and whether they may change it at all. */
export type Offers = { permissions: { id: string; code: string }[]; parents: Named[]; changeable: boolean }

export const besideRole = (db: Reading, actor: UserActor, id: string, mayChange: boolean): Promise<Beside> =>
  db.withActor(actor, async (tx) => ({
    children: await childrenOf(tx, actor, id),
    holders: await holdersOf(tx, actor, id),
    ...(mayChange ? await offersIn(tx, actor, id) : { permissions: [], parents: [], changeable: false }),
  }))

/** What may be put into a role, or into a new one. */
export const offersFor = (db: Reading, actor: UserActor, id: string | null): Promise<Offers> =>
  db.withActor(actor, (tx) => offersIn(tx, actor, id))

async function offersIn(tx: Db, actor: UserActor, id: string | null): Promise<Offers> {
  const giver = await givingRights(tx, actor)
  const seen = actor.find('permission:read')
  const all = seen
    ? await tx
        .selectFrom('permissions')
        .where(seen.where())
        .select(['id', 'code', 'description'])
        .orderBy('code')
        .execute()
    : []
  const roles = await givableRoles(tx, actor, giver)
  const { held, heirs, codes } = id ? await lineOf(tx, id) : { held: [], heirs: [], codes: [] }
  return {
    permissions: all.filter(({ id, code }) => held.includes(id) || covers(giver.rights.scopes, [code])),
    // one that inherits from it would close a circle
    parents: roles.filter((role) => role.id !== id && !heirs.includes(role.id)),
    changeable: mayGive(giver, { held: codes }),
  }
}

/** What a role holds itself, what it gives, and which roles inherit from it. */
async function lineOf(tx: Db, id: string) {
  const { rows } = await sql<{ held: string[]; heirs: string[]; codes: Givable['held'] }>`
    with recursive below(id) as (
      select i.role_id from role_parents i where i.parent_id = ${id}
      union
      select i.role_id from below join role_parents i on i.parent_id = below.id
    )
    select array(select h.permission_id from role_permissions h where h.role_id = r.id) as held,
      array(select below.id from below) as heirs, ${givable('r')} as codes
    from roles r where r.id = ${id}`.execute(tx)
  return rows[0] ?? { held: [], heirs: [], codes: [] }
}

async function givableRoles(tx: Db, actor: UserActor, giver: Pick<UserActor, 'rights'>): Promise<Named[]> {
  const seen = actor.find('role:read')
  if (!seen) return []
  const roles = await tx
    .selectFrom('roles')
    .where('deleted_at', 'is', null)
    .where(seen.where())
    .select(['id', 'name', givable('roles').as('held')])
    .orderBy('sort_name')
    .execute()
  return roles.filter((role: Givable) => mayGive(giver, role)).map(({ id, name }) => ({ id, name }))
}

async function childrenOf(tx: Db, actor: UserActor, id: string): Promise<Named[]> {
  const { rows } = await sql<Named>`
    select r.id, r.name from role_parents i join roles r on r.id = i.role_id
    where i.parent_id = ${id} and r.deleted_at is null and ${actor.find('role:read')?.where('r') ?? sql`false`}
    order by r.sort_name, r.id`.execute(tx)
  return rows
}

async function holdersOf(tx: Db, actor: UserActor, id: string): Promise<Holders> {
  const having = sql`from user_roles ur join users u on u.id = ur.user_id
    where ur.role_id = ${id} and u.deleted_at is null and (ur.expires_at is null or ur.expires_at > now())`
  const { rows: counted } = await sql<{ count: number }>`
    select count(*)::int as count from (select ${having} limit ${HOLDERS_CAP + 1}) having_it`.execute(tx)
  const { rows: users } = await sql<Holders['users'][number]>`
    select u.id, ${people().titleSql('u')} as name, ur.expires_at ${having}
      and ${actor.find('user:read')?.where('u') ?? sql`false`}
    order by u.sort_name, u.id limit ${FIRST}`.execute(tx)
  return { count: counted[0]?.count ?? 0, users }
}

/** How somebody has a role: by whom, why, and until when. */
export type Assignment = {
  role: Named
  granted_by: { id: string; name?: string } | null
  reason: string
  created_at: string
  expires_at: string | null
}

/** The roles that somebody has now, as far as the reader sees roles; one's own always. */
export async function assignmentsOf(db: Reading, actor: UserActor, userId: string): Promise<Assignment[]> {
  const seesRole = actor.find('role:read')?.where('r') ?? sql`false`
  const seesUser = actor.find('user:read')?.where('g') ?? sql`false`
  return db.withActor(actor, async (tx) => {
    const { rows } = await sql<Assignment>`
      select json_build_object('id', r.id, 'name', r.name) as role, ur.reason, ur.created_at, ur.expires_at,
        (select json_strip_nulls(json_build_object('id', g.id, 'name',
          case when g.id = ${actor.userId} or ${seesUser} then ${people().titleSql('g')} end)) from users g where g.id = ur.granted_by) as granted_by
      from user_roles ur join roles r on r.id = ur.role_id
      where ur.user_id = ${userId} and r.deleted_at is null and (ur.expires_at is null or ur.expires_at > now())
        and (ur.user_id = ${actor.userId} or ${seesRole})
      order by r.sort_name, r.id`.execute(tx)
    return rows
  })
}

/** Roles that the actor may give to others, by name. */
export const rolesToGive = (db: Reading, actor: UserActor): Promise<Named[]> =>
  db.withActor(actor, async (tx) => givableRoles(tx, actor, await givingRights(tx, actor)))
