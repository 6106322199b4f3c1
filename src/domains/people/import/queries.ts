import { type RawBuilder, sql } from 'kysely'
import { ADMINISTERS, type Givable, givable } from '#src/access/granting.ts'
import type { Tx } from '#src/db/database.ts'
import type { GroupName, PersonLine, RoleName } from '#src/domains/people/import/model.ts'

/** Why a name can't stand in a file, and the permission that is missing, if that is the reason. */
export type No = { message: string; denied?: string }

/** What the names in a file mean in the organization: an id, or why it is none. */
export type Places = {
  role(role: RoleName): string | No
  group(name: GroupName): string | No
}

type NamedMatch<T> = T & { given: string; id: string; name: string }

/** Role that a file names. `reserved`: who may administer roles by it. */
type Role = NamedMatch<Givable & { status: string; reserved: boolean }>

type Group = NamedMatch<{ kind: string }>

/** On whose behalf a file gives roles and groups. */
export type Giver = {
  /** Roles (`r`) and groups (`g`) that the names in a file may mean. */
  sees: { role: RawBuilder<boolean>; group: RawBuilder<boolean> }
  /** Why a role, or a place in a group, may not be given: "which …"; null where it may. */
  role: (role: Role) => No | null
  group: (group: Group) => No | null
}

/** The one meant by a name: as it is written, else the only one but for case and accents. */
function meant<T>(found: NamedMatch<T>[], given: string): NamedMatch<T> | undefined {
  return found.find(({ name }) => name === given) ?? (found.length === 1 ? found[0] : undefined)
}

/** Looks up the roles and groups that the rows name, and locks them until the end of the transaction. */
export async function placesOf(tx: Tx, rows: readonly PersonLine[], giver: Giver): Promise<Places> {
  const { sees } = giver
  const roles = await rolesNamed(
    tx,
    [...new Set(rows.flatMap((row) => row.roles.map(({ name }) => name)))],
    sees.role,
  )
  const names = new Set(rows.flatMap((row) => row.groups.map(({ name }) => name)))
  const groups = await groupsNamed(tx, [...names], sees.group)
  return {
    role({ name: given, expires_at }) {
      const role = meant(roles.get(given) ?? [], given)
      if (!role) return { message: `has an unknown role ${JSON.stringify(given)}` }
      if (role.status !== 'active') return { message: `has the role ${role.name}, which is disabled` }
      if (expires_at !== null && Date.parse(expires_at) <= Date.now())
        return { message: `has the role ${role.name}, which expires in the past` }
      const why = giver.role(role)
      return why ? { ...why, message: `has the role ${role.name}, ${why.message}` } : role.id
    },
    group({ kind, name: given }) {
      const all = groups.get(given) ?? []
      const found = kind ? all.filter((group) => group.kind === kind) : all
      const exact = found.filter(({ name }) => name === given)
      const group = exact.length > 1 ? undefined : meant(found, given)
      const why = group && giver.group(group)
      if (group) return why ? { ...why, message: `has the group ${group.name}, ${why.message}` } : group.id
      const label = JSON.stringify(kind ? `${kind}:${given}` : given)
      if (!found.length) return { message: `has an unknown group ${label}` }
      const which = found.map((one) => `${one.kind}:${one.name}`).join(' or ')
      return { message: `has the group ${label}, which matches several: ${which}` }
    },
  }
}

async function rolesNamed(tx: Tx, names: string[], seen: RawBuilder<boolean>): Promise<Map<string, Role[]>> {
  if (!names.length) return new Map()
  const { rows } = await sql<Role>`
    with recursive held(root, id) as (
      select id, id from roles where deleted_at is null
      union
      select h.root, p.parent_id from held h join role_parents p on p.role_id = h.id
    ), reserved as (
      select h.root from held h join roles r on r.id = h.id
      where r.builtin and r.template in ('superadmin', 'owner', 'admin')
      union
      select h.root from held h join role_permissions rp on rp.role_id = h.id join permissions p on p.id = rp.permission_id
      where p.code = ${ADMINISTERS}
    )
    select n.given, r.id, r.name, r.status, r.id in (select root from reserved) as reserved, ${givable('r')} as held
    from unnest(${names}::text[]) n(given) join roles r on r.sort_name = app.fold(n.given)
    where r.deleted_at is null and ${seen} for share of r`.execute(tx)
  return Map.groupBy(rows, ({ given }) => given)
}

export async function groupsNamed(
  tx: Tx,
  names: string[],
  seen: RawBuilder<boolean>,
): Promise<Map<string, Group[]>> {
  if (!names.length) return new Map()
  const { rows } = await sql<Group>`
    select n.given, g.id, g.name, g.kind
    from unnest(${names}::text[]) n(given) join groups g on g.sort_name = app.fold(n.given)
    where g.deleted_at is null and ${seen} order by g.kind, g.name for share of g`.execute(tx)
  return Map.groupBy(rows, ({ given }) => given)
}

/** The ids behind every row's roles and groups, and what is wrong with them. */
export function placed(rows: readonly PersonLine[], places: Places) {
  const errors: (No & { line: number; field: 'roles' | 'groups' })[] = []
  /** What is held by each id that the entries of a row mean. */
  const ids = <E extends { name: string }, H>(
    { line }: PersonLine,
    field: 'roles' | 'groups',
    entries: readonly E[],
    idOf: (entry: E) => string | No,
    held: (entry: E) => H,
  ): Map<string, H> => {
    const found = new Map<string, H>()
    for (const entry of entries) {
      const id = idOf(entry)
      if (typeof id !== 'string') errors.push({ line, field, ...id })
      else if (found.has(id) && found.get(id) !== held(entry))
        errors.push({ line, field, message: `has ${JSON.stringify(entry.name)} twice, each time otherwise` })
      else found.set(id, held(entry))
    }
    return found
  }
  const list = rows.map((row) => ({
    row,
    /** Until when. */
    roles: ids(row, 'roles', row.roles, places.role, ({ expires_at }) => expires_at),
    /** As what. */
    groups: ids(row, 'groups', row.groups, places.group, ({ role }) => role),
  }))
  return { list, errors }
}

export type Placed = ReturnType<typeof placed>['list'][number]
