import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { covers, givingRights, mayGive } from '#src/access/granting.ts'
import { inForce, latestEnd } from '#src/access/in-force.ts'
import type { Database, Db } from '#src/db/database.ts'
import { HOLDERS_CAP } from '#src/domains/roles/roles/model.ts'
import { statement } from '#src/resource/list/query.ts'

export type Reading = Pick<Database, 'withActor'>

/** A record that another one names. */
export type Named = { id: string; name: string }

/** Who has a role now: how many, exact up to the cap, and the first of them as far as the reader may see them. */
export type Holders = { count: number; users: (Named & { expires_at: string | null })[] }

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
  const all = await tx.selectFrom('permissions').select(['id', 'code']).orderBy('code').execute()
  const { roles, heirs } = await rolesBy(tx, actor, giver, all, id)
  const own = roles.find((role) => role.id === id)
  return {
    permissions: actor.can('permission:read')
      ? all.filter((one) => own?.held.includes(one.id) || covers(giver.rights.scopes, [one.code]))
      : [],
    // one that inherits from it would close a circle
    parents: named(roles.filter((role) => role.givable && role.id !== id && !heirs.has(role.id))),
    changeable: own?.givable ?? true,
  }
}

type Standing = Named & { seen: boolean; givable: boolean; held: string[]; parents: string[] }

const named = (roles: readonly Standing[]): Named[] =>
  roles.filter(({ seen }) => seen).map(({ id, name }) => ({ id, name }))

/** Every role with whether the giver may give it; decided in memory, since roles share what is above them. */
async function rolesBy(
  tx: Db,
  actor: UserActor,
  giver: Pick<UserActor, 'rights'>,
  permissions: readonly { id: string; code: string }[],
  of: string | null = null,
): Promise<{ roles: Standing[]; heirs: ReadonlySet<string> }> {
  const lacking = permissions.filter(({ code }) => !covers(giver.rights.scopes, [code])).map(({ id }) => id)
  const seen = actor.find('role:read')?.where('r') ?? sql`false`
  const { rows } = await sql<Omit<Standing, 'givable'> & { template: string | null; codes: string[] }>`
    select r.id, r.name, r.template, r.deleted_at is null and ${seen} as seen,
      array(select i.parent_id from role_parents i where i.role_id = r.id) as parents,
      array(select p.code from role_permissions h join permissions p on p.id = h.permission_id
        where h.role_id = r.id and h.permission_id = any(${lacking}::uuid[])) as codes,
      case when r.id = ${of} then array(select h.permission_id from role_permissions h where h.role_id = r.id) else '{}' end as held
    from roles r order by r.sort_name, r.id`.execute(tx)
  const byId = new Map(rows.map((role) => [role.id, role]))
  const line = new Map<string, ReadonlySet<string>>()
  const above = (id: string): ReadonlySet<string> => {
    const known = line.get(id)
    if (known) return known
    const found = new Set([id, ...(byId.get(id)?.parents ?? []).flatMap((parent) => [...above(parent)])])
    line.set(id, found)
    return found
  }
  const roles = rows.map((role) => ({
    ...role,
    givable: mayGive(giver, { held: [...above(role.id)].flatMap((id) => byId.get(id) ?? []) }),
  }))
  return {
    roles,
    heirs: new Set(of ? rows.filter(({ id }) => above(id).has(of)).map(({ id }) => id) : []),
  }
}

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

async function childrenOf(tx: Db, actor: UserActor, id: string): Promise<Named[]> {
  const { rows } = await sql<Named>`
    select r.id, r.name from role_parents i join roles r on r.id = i.role_id
    where i.parent_id = ${id} and r.deleted_at is null and ${actor.find('role:read')?.where('r') ?? sql`false`}
    order by r.sort_name, r.id`.execute(tx)
  return rows
}

async function holdersOf(tx: Db, actor: UserActor, id: string): Promise<Holders> {
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

/** Roles that the actor may give to others, by name. */
export const rolesToGive = (db: Reading, actor: UserActor): Promise<Named[]> =>
  db.withActor(actor, async (tx) => {
    const giver = await givingRights(tx, actor)
    const all = await tx.selectFrom('permissions').select(['id', 'code']).execute()
    return named((await rolesBy(tx, actor, giver, all)).roles.filter(({ givable }) => givable))
  })
