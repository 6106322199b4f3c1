import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { covers, givingRights, mayGive } from '#src/access/granting.ts'
import type { Database, Tx } from '#src/db/database.ts'
import type { Narrowings } from '#src/resource/references/options.ts'

export type Reading = Pick<Database, 'withActor'>

/** A record that another one names. */
export type Named = { id: string; name: string }

/** Permissions and roles that the asker may put into a role, and whether they may change it at all. */
export type Offers = { permissions: { id: string; code: string }[]; parents: Named[]; changeable: boolean }

/** What may be put into a role, or into a new one. */
export const offersFor = (db: Reading, actor: UserActor, id: string | null): Promise<Offers> =>
  db.withActor(actor, (tx) => offersIn(tx, actor, id))

export async function offersIn(tx: Tx, actor: UserActor, id: string | null): Promise<Offers> {
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

type RoleOption = Named & { seen: boolean; givable: boolean; held: string[]; parents: string[] }

const named = (roles: readonly RoleOption[]): Named[] =>
  roles.filter(({ seen }) => seen).map(({ id, name }) => ({ id, name }))

/** Every role with whether the giver may give it; decided in memory, since roles share what is above them. */
async function rolesBy(
  tx: Tx,
  actor: UserActor,
  giver: Pick<UserActor, 'rights'>,
  permissions: readonly { id: string; code: string }[],
  of: string | null = null,
): Promise<{ roles: RoleOption[]; heirs: ReadonlySet<string> }> {
  const lacking = permissions.filter(({ code }) => !covers(giver.rights.scopes, [code])).map(({ id }) => id)
  const seen = actor.find('role:read')?.where('r') ?? sql`false`
  const { rows } = await sql<Omit<RoleOption, 'givable'> & { template: string | null; codes: string[] }>`
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

/** Roles that the actor may give to others, by name. */
export const rolesToGive = (db: Reading, actor: UserActor): Promise<Named[]> =>
  db.withActor(actor, async (tx) => {
    const giver = await givingRights(tx, actor)
    const all = await tx.selectFrom('permissions').select(['id', 'code']).execute()
    return named((await rolesBy(tx, actor, giver, all)).roles.filter(({ givable }) => givable))
  })

const among = (records: readonly Named[]) =>
  sql<boolean>`roles.id = any(${records.map(({ id }) => id)}::uuid[])`

/** Roles that somebody may give, and those that a role of theirs may inherit from. */
export const roleNarrowings: Narrowings = {
  for: {
    filter: { kind: 'choice', values: ['user', 'invitation', 'role'], column: null },
    where: async (db, actor, values) => {
      if (values.includes('invitation') && !actor.can('invitation:create')) return sql`false`
      const given = among(await rolesToGive(db, actor))
      // what nobody can accept isn't sent
      return values.includes('invitation') ? sql`${given} and roles.status = 'active'` : given
    },
  },
  above: {
    filter: { kind: 'uuid', column: null },
    where: async (db, actor, [role = null]) => among((await offersFor(db, actor, role)).parents),
  },
}
