import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { givingRights } from '#src/access/granting.ts'
import { requireHoldersReached, type WholeRole } from '#src/access/holders.ts'
import { inForce } from '#src/access/in-force.ts'
import { RoleGraph } from '#src/access/role-graph.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** How many people, and the names of the first ones that the asker may read. */
type Affected = { count: number; users: { id: string; name: string }[] }

/** What a change does to people: who gains a permission and who loses it. */
export type Effect = { permission: string; gains: Affected; loses: Affected }

const MAX_NAMES = 20
/** Most permission codes in one entry of the trail. */
const MAX_CODES = 2000
const MAX_TOGETHER = 200

/**
 * Runs a write that may change what roles give (permissions, parents, status), works out who gains and loses what,
 * and records the numbers in the trail, separately for each role. The database counts the people: one row for each
 * distinct change, never one for each person.
 * @param roleIds the roles being written
 * @throws {Forbidden} if a role would start to reach groups that the actor doesn't
 */
export async function effectOf<T>(
  tx: Tx,
  actor: UserActor,
  roleIds: readonly string[],
  write: () => Promise<T>,
): Promise<{ result: T; effects: Effect[] }> {
  const giver = await givingRights(tx, actor)
  const before = await loadRoles(tx)
  const result = await write()
  const after = await loadRoles(tx)
  await requireHoldersReached(tx, actor, giver, before, after)
  const codes = changed(before, after)
  if (!codes.length) return { result, effects: [] }
  const ids = [...new Set(roleIds)]
  const length = Math.ceil(codes.length / WORD)
  const { rows } = await changes(actor, length, masks(before, after, codes, ids)).execute(tx)
  const effects = effectsIn(rows, codes)
  if (effects.length) await record(tx, ids, effectsOfEach(ids, rows, codes, before, after))
  return { result, effects }
}

/** Every role of the organization, with its own permissions. */
async function loadRoles(tx: Tx): Promise<RoleGraph<WholeRole>> {
  const { rows } = await sql<WholeRole>`
    select r.id, r.template, r.status = 'active' and r.deleted_at is null as active,
      coalesce(i.parents, '[]') as parents, coalesce(h.codes, '[]') as codes, coalesce(h.disabled, '[]') as disabled
    from roles r
    left join (select role_id, json_agg(parent_id) as parents from role_parents group by role_id) i on i.role_id = r.id
    left join (select rp.role_id, json_agg(p.code) filter (where p.status = 'active') as codes,
        json_agg(p.code) filter (where p.status <> 'active') as disabled
      from role_permissions rp join permissions p on p.id = rp.permission_id group by rp.role_id) h on h.role_id = r.id`.execute(
    tx,
  )
  return new RoleGraph(rows)
}

/** Permissions that some role gives only before the change, or only after it. */
function changed(before: RoleGraph, after: RoleGraph): string[] {
  const codes = new Set<string>()
  const compare = (one: RoleGraph, other: RoleGraph) => {
    for (const { id } of one.nodes)
      for (const code of one.gives(id)) if (!other.gives(id).has(code)) codes.add(code)
  }
  compare(before, after)
  compare(after, before)
  return [...codes].sort()
}

/** Which of the permissions a role or user has: one bit each, in 60-bit words. */
type Words = bigint[]
/** `w`as before, `b`ecomes after, `t`hrough which written roles. */
type Side = 'w' | 'b' | 't'

const WORD = 60
/** Numbers compare many times faster than bit strings. */
const words = (codes: readonly string[], given: ReadonlySet<string>): Words =>
  Array.from({ length: Math.ceil(codes.length / WORD) }, (_, word) =>
    codes
      .slice(word * WORD, (word + 1) * WORD)
      .reduce((sum, code, bit) => (given.has(code) ? sum | (1n << BigInt(bit)) : sum), 0n),
  )
const hasBit = (list: readonly string[], bit: number) =>
  ((BigInt(list[Math.floor(bit / WORD)] ?? 0) >> BigInt(bit % WORD)) & 1n) === 1n

type Masks = { id: string; was: Words; becomes: Words; through: Words }[]

/** For each role that gives one of the permissions: before, after, and which of the written roles it passes on. */
function masks(
  before: RoleGraph,
  after: RoleGraph,
  codes: readonly string[],
  written: readonly string[],
): Masks {
  const ids = new Set([...before.nodes, ...after.nodes].map(({ id }) => id))
  // a single role needs no telling apart
  const several = written.length > 1 ? written : []
  // as if each written role gave nothing but itself
  const passed = new RoleGraph(
    [...after.nodes].map((node) => ({ ...node, codes: several.includes(node.id) ? [node.id] : [] })),
  )
  return [...ids]
    .map((id) => ({
      id,
      was: words(codes, before.gives(id)),
      becomes: words(codes, after.gives(id)),
      through: words(several, passed.gives(id)),
    }))
    .filter(({ was, becomes }) => [...was, ...becomes].some((word) => word !== 0n))
}

/** People who change in the same way, through the same written roles. */
type Change = {
  was: string[]
  becomes: string[]
  through: string[]
  count: number
  users: { id: string; name: string; sort: string }[] | null
}

const turned =
  (bit: number, from: boolean) =>
  ({ was, becomes }: Change) =>
    hasBit(was, bit) === from && hasBit(becomes, bit) !== from

const effectsIn = (rows: readonly Change[], codes: readonly string[]): Effect[] =>
  codes.flatMap((permission, bit): Effect[] => {
    const gains = affected(rows.filter(turned(bit, false)))
    const loses = affected(rows.filter(turned(bit, true)))
    return gains.count || loses.count ? [{ permission, gains, loses }] : []
  })

/** The effect of each written role: on people who have it, by permissions that it gained or lost itself. */
function effectsOfEach(
  ids: readonly string[],
  rows: readonly Change[],
  codes: readonly string[],
  before: RoleGraph,
  after: RoleGraph,
): Effect[][] {
  if (ids.length === 1) return [effectsIn(rows, codes)]
  const held = (graph: RoleGraph, id: string) => {
    const node = graph.get(id)
    return new Set(node?.active ? node.codes : [])
  }
  return ids.map((id, place) => {
    const [had, has] = [held(before, id), held(after, id)]
    const through = rows.filter((row) => hasBit(row.through, place))
    return effectsIn(through, codes).flatMap((effect): Effect[] => {
      const { permission } = effect
      const own = had.has(permission) !== has.has(permission)
      return own ? [effect] : []
    })
  })
}

/** One row for each distinct change, with its number of people and the first names the actor may read. */
function changes(actor: UserActor, length: number, roles: Masks): RawBuilder<Change> {
  const each = (build: (word: number) => RawBuilder<unknown>) =>
    sql.join(Array.from({ length }, (_, word) => build(word)))
  const column = (side: Side) => (word: number) => sql.ref(`${side}${word}`)
  const throughs = Array.from({ length: roles[0]?.through.length ?? 0 }, (_, word) => word)
  const passing = (build: (word: number) => RawBuilder<unknown>) =>
    throughs.length ? sql`, ${sql.join(throughs.map(build))}` : sql``
  const both = sql`${each(column('w'))}, ${each(column('b'))}${passing(column('t'))}`
  const total = (side: Side) => (word: number) => sql`bit_or(${column(side)(word)})`
  const given = roles.map(({ id, was, becomes, through }) => ({
    id,
    ...Object.fromEntries(was.map((word, index) => [`w${index}`, String(word)])),
    ...Object.fromEntries(becomes.map((word, index) => [`b${index}`, String(word)])),
    ...Object.fromEntries(through.map((word, index) => [`t${index}`, String(word)])),
  }))
  const typed = (side: Side) => (word: number) => sql`${column(side)(word)} int8`
  const readable = actor.find('user:read')?.where('u') ?? sql`false`
  return sql<Change>`
    with role as materialized (
      select * from json_to_recordset(${JSON.stringify(given)}) as r(id uuid, ${each(typed('w'))}, ${each(typed('b'))}${passing(typed('t'))})
    ), person as (
      select ur.user_id, ${each((word) => sql`${total('w')(word)} as ${column('w')(word)}, ${total('b')(word)} as ${column('b')(word)}`)}${passing((word) => sql`${total('t')(word)} as ${column('t')(word)}`)}
      from role join user_roles ur on ur.role_id = role.id
      where ${inForce('ur')}
      group by ur.user_id having (${each(total('w'))}) <> (${each(total('b'))})
    ), active as materialized (
      select ${both}, u.id, u.sort_name, ${readable} as readable from person p join users u on u.id = p.user_id
      where u.status = 'active' and u.deleted_at is null
    ), counted as (
      select ${both}, count(*)::int as count from active group by ${both}
    ), placed as (
      select ${both}, id, sort_name, row_number() over (partition by ${both} order by sort_name, id) as place
      from active where readable
    ), named as (
      select ${both}, json_agg(json_build_object('id', id, 'sort', sort_name, 'name', (
          select u.full_name from users u where u.id = placed.id)
        ) order by place) as users
      from placed where place <= ${MAX_NAMES} group by ${both}
    )
    select array[${each(column('w'))}]::text[] as was, array[${each(column('b'))}]::text[] as becomes,
      array[${sql.join(throughs.map(column('t')))}]::text[] as through, count, users
    from counted left join named using (${both})`
}

function affected(changes: readonly Change[]): Affected {
  const users = changes.flatMap(({ users }) => users ?? [])
  if (changes.length > 1) users.sort((a, b) => (a.sort < b.sort ? -1 : a.sort > b.sort ? 1 : 0))
  return {
    count: changes.reduce((sum, { count }) => sum + count, 0),
    users: users.slice(0, MAX_NAMES).map(({ id, name }) => ({ id, name })),
  }
}

/** @param each the effects of each role, in the order of `ids` */
async function record(tx: Tx, ids: readonly string[], each: readonly (readonly Effect[])[]): Promise<void> {
  const counts = (effects: readonly Effect[], side: 'gains' | 'loses') =>
    Object.fromEntries(
      effects
        .filter((effect) => effect[side].count > 0)
        .slice(0, MAX_CODES)
        .map((effect) => [effect.permission, effect[side].count]),
    )
  const lines = ids.flatMap((id, place) => {
    const effects = each[place] ?? []
    return effects.length ? [{ id, gains: counts(effects, 'gains'), loses: counts(effects, 'loses') }] : []
  })
  const together = sql`array_remove(${ids.slice(0, MAX_TOGETHER)}::uuid[], e.id)`
  const of = { role: sql.ref('e.id'), gains: sql.ref('e.gains'), loses: sql.ref('e.loses') }
  await sql`
    select ${fn.record_effect({ ...of, together })}
    from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as e(id uuid, gains jsonb, loses jsonb)
    where exists (select from roles r where r.id = e.id)`.execute(tx)
}
