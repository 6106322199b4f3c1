import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { covers, mayGive } from '#src/access/granting.ts'
import type { Scope } from '#src/access/permission.ts'
import type { Door, Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { type MatrixQuery, ROLES_SHOWN } from '#src/domains/access/matrix/model.ts'

export type MatrixRole = {
  id: string
  name: string
  status: 'active' | 'disabled'
  builtin: boolean
  version: number
}

export type MatrixPermission = {
  id: string
  code: string
  model: string
  action: string
  scope: Scope
  description: string
  status: 'active' | 'disabled'
}

/** Held by the role itself, or the names of the roles it inherits it from. */
export type Cell = 'own' | string[]

type Role = MatrixRole & { deleted: boolean; template: string | null; parents: string[]; held: string[] }

type Loaded = {
  total: number
  shown: string[]
  /** Those shown, and all above them. */
  roles: Role[]
  permissions: MatrixPermission[]
  models: string[]
  everyRole: { id: string; name: string }[]
}

/** Roles × permissions, as far as a page shows them. */
export class Matrix {
  readonly roles: readonly MatrixRole[]
  readonly permissions: readonly MatrixPermission[]
  /** Of all permissions, whatever the filter. */
  readonly models: readonly string[]
  readonly everyRole: readonly { id: string; name: string }[]
  readonly total: number
  readonly #all: ReadonlyMap<string, Role>
  readonly #cells = new Map<string, Map<string, Cell>>()

  constructor({ total, shown, roles, permissions, models, everyRole }: Loaded) {
    this.total = total
    this.permissions = permissions
    this.models = models
    this.everyRole = everyRole
    this.#all = new Map(roles.map((role) => [role.id, role]))
    this.roles = shown.flatMap((id) => this.#all.get(id) ?? [])
    for (const id of shown) this.#cells.set(id, this.#cellsOf(id))
  }

  cell(roleId: string, code: string): Cell | undefined {
    return this.#cells.get(roleId)?.get(code)
  }

  cells(roleId: string): ReadonlyMap<string, Cell> {
    return this.#cells.get(roleId) ?? new Map()
  }

  /** What a role has by itself, and by active roles above it; what it is itself makes no difference. */
  #cellsOf(id: string): Map<string, Cell> {
    const cells = new Map<string, Cell>()
    for (const above of this.#above(id))
      for (const code of above.held) {
        const names = cells.get(code) ?? []
        if (names !== 'own') cells.set(code, [...names, above.name])
      }
    for (const code of this.#all.get(id)?.held ?? []) cells.set(code, 'own')
    return cells
  }

  #above(id: string): Role[] {
    const found = new Set<Role>()
    const climb = (role: Role | undefined) => {
      for (const parent of role?.parents ?? []) {
        const above = this.#all.get(parent)
        if (!above || above.deleted || above.status !== 'active' || found.has(above)) continue
        found.add(above)
        climb(above)
      }
    }
    climb(this.#all.get(id))
    return [...found].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Why the actor can't change a column, or a single box of it; null where they can. */
  blocks(actor: UserActor): (roleId: string, permission: MatrixPermission) => string | null {
    const off = new Set(this.permissions.filter(({ status }) => status !== 'active').map(({ code }) => code))
    const columns = new Map(this.roles.map(({ id }) => [id, this.#column(actor, id, off)]))
    return (roleId, { code }) => {
      const column = columns.get(roleId)
      if (!column || column.reason) return column?.reason ?? null
      const coverable = off.has(code) || covers(actor.rights.scopes, [code])
      const template = this.#all.get(roleId)?.template ?? null
      if (coverable || mayGive(actor, { held: [{ template, codes: [code] }] })) return null
      return 'You can only grant permissions you hold'
    }
  }

  #column(actor: UserActor, id: string, off: ReadonlySet<string>): { reason: string | null } {
    const role = this.#all.get(id)
    if (!role || !actor.can('role:update')) return { reason: 'You can’t change roles' }
    if (isFixed(role)) return { reason: 'This role always has every permission' }
    const held = [role, ...this.#above(id)].map(({ template, held }) => ({
      template,
      codes: held.filter((code) => !off.has(code)),
    }))
    return { reason: mayGive(actor, { held }) ? null : 'This role has permissions you don’t hold' }
  }
}

/** Built-in roles that hold every permission, whatever anybody wants. */
export const isFixed = ({ builtin, template }: { builtin: boolean; template: string | null }) =>
  builtin && (template === 'owner' || template === 'superadmin')

/** Roles × permissions in one statement. */
export async function matrixOf(
  db: Pick<Door, 'readAs'>,
  actor: UserActor,
  grants: { roles: Grant<'role', 'read'>; permissions: Grant<'permission', 'read'> },
  query: MatrixQuery,
): Promise<Matrix> {
  const [row] = await db.readAs(actor, (q) => ({ compile: () => loading(grants, query).compile(q as Tx) }))
  return new Matrix(row as Loaded)
}

function loading(
  { roles, permissions }: { roles: Grant<'role', 'read'>; permissions: Grant<'permission', 'read'> },
  { roles: ids, q, model, offset = 0 }: MatrixQuery,
): RawBuilder<Loaded> {
  const seen: RawBuilder<SqlBool> = sql`r.deleted_at is null and ${roles.where('r')}`
  const wanted = ids
    ? sql`r.id = any(${ids}::uuid[])`
    : q
      ? sql`position(${fn.fold({ value: q })} in ${fn.found_by({ value: sql.ref('r.name') })}) > 0`
      : sql`true`
  const limit = ids ? ids.length : ROLES_SHOWN
  return sql<Loaded>`
    with recursive shown as (
      select r.id, r.sort_name from roles r where ${seen} and ${wanted} order by r.sort_name, r.id limit ${limit} offset ${offset}
    ), up(id) as (
      select id from shown union select i.parent_id from up join role_parents i on i.role_id = up.id
    )
    select
      (select count(*)::int from roles r where ${seen} and ${wanted}) as total,
      (select coalesce(json_agg(id order by sort_name, id), '[]') from shown) as shown,
      (select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name, 'status', r.status, 'builtin', r.builtin, 'version', r.version,
          'deleted', r.deleted_at is not null, 'template', r.template,
          'parents', array(select i.parent_id from role_parents i where i.role_id = r.id),
          'held', array(select p.code from role_permissions h join permissions p on p.id = h.permission_id where h.role_id = r.id))), '[]')
        from up join roles r on r.id = up.id) as roles,
      (select coalesce(json_agg(json_build_object('id', p.id, 'code', p.code, 'model', p.model, 'action', p.action, 'scope', p.scope,
          'description', p.description, 'status', p.status) order by p.model, p.action, p.scope), '[]')
        from permissions p where ${permissions.where('p')} and (${model ?? null}::text is null or p.model = ${model ?? null})) as permissions,
      array(select distinct p.model from permissions p where ${permissions.where('p')} order by 1) as models,
      (select coalesce(json_agg(json_build_object('id', n.id, 'name', n.name) order by n.sort_name, n.id), '[]')
        from (select r.id, r.name, r.sort_name from roles r where ${seen} order by r.sort_name, r.id limit 200) n) as "everyRole"`
}

/** A permission that one of some roles gives, and how each has it, in their order. */
export type ComparedRoles = Omit<MatrixPermission, 'id' | 'status'> & { cells: (Cell | null)[] }

/** What roles give, beside each other. */
export const comparedRoles = (matrix: Matrix, ids: readonly string[]): ComparedRoles[] =>
  matrix.permissions.flatMap(({ id: _, status: __, ...permission }) => {
    const cells = ids.map((id) => matrix.cell(id, permission.code) ?? null)
    return cells.some((cell) => cell !== null) ? [{ ...permission, cells }] : []
  })
