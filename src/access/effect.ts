import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { RoleGraph, type RoleNode } from '#src/access/role-graph.ts'
import type { Db, Door } from '#src/db/database.ts'

/** How many people, and the first of them by name, as far as the asker may read them. */
export type Affected = { count: number; users: { id: string; name: string }[] }

/** What a change does to people: who has a permission afterwards and had it not, and the other way round. */
export type Effect = { permission: string; gains: Affected; loses: Affected }

const MOST_NAMES = 20
/** Of what the trail keeps in one line. */
const MOST_CODES = 2000
const MOST_TOGETHER = 200

/**
 * Runs a write that may change what roles give (their permissions, parents, status), finds out who gains and who
 * loses what by it, and keeps the numbers in the trail, for each of the roles. People are counted by the database:
 * one row for each distinct change, never one for each person.
 * @param roleIds the roles that are written
 */
export async function effectOf<T>(
  tx: Db,
  actor: UserActor,
  roleIds: readonly string[],
  write: () => Promise<T>,
): Promise<{ result: T; effects: Effect[] }> {
  const before = await loadRoles(tx)
  const result = await write()
  const after = await loadRoles(tx)
  const codes = changed(before, after)
  if (!codes.length) return { result, effects: [] }
  const effects = await people(tx, actor, codes, masks(before, after, codes))
  if (effects.length) await record(tx, roleIds, effects)
  return { result, effects }
}

/** Carries what a write would answer out of the transaction that is thrown away. */
class Rehearsed<T> extends Error {
  readonly answer: T
  constructor(answer: T) {
    super('only tried')
    this.answer = answer
  }
}

/** What a write would answer, with all that would refuse it: it is run, and nothing of it is kept. */
export async function rehearsed<T>(
  db: Pick<Door, 'withActor'>,
  actor: UserActor,
  write: (tx: Db) => Promise<T>,
): Promise<T> {
  const thrown = await db
    .withActor(actor, async (tx): Promise<never> => {
      throw new Rehearsed(await write(tx))
    })
    .catch((error: unknown) => error)
  if (thrown instanceof Rehearsed) return thrown.answer
  throw thrown
}

/** Every role of the organization, with the active permissions that it holds itself. */
async function loadRoles(tx: Db): Promise<RoleGraph> {
  const { rows } = await sql<RoleNode>`
    select r.id, r.status = 'active' and r.deleted_at is null as active,
      coalesce(i.parents, '[]') as parents, coalesce(h.codes, '[]') as codes
    from roles r
    left join (select role_id, json_agg(parent_id) as parents from role_parents group by role_id) i on i.role_id = r.id
    left join (select rp.role_id, json_agg(p.code) as codes from role_permissions rp
      join permissions p on p.id = rp.permission_id where p.status = 'active' group by rp.role_id) h on h.role_id = r.id`.execute(
    tx,
  )
  return new RoleGraph(rows)
}

/** Permissions that some role gives only before or only after. */
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

type Mask = { role_id: string; was: string; becomes: string }

/** For each role that gives one of the permissions, a bit each: before, and after. */
function masks(before: RoleGraph, after: RoleGraph, codes: readonly string[]): Mask[] {
  const bits = (held: ReadonlySet<string>) => codes.map((code) => (held.has(code) ? '1' : '0')).join('')
  const ids = new Set([...before.nodes, ...after.nodes].map(({ id }) => id))
  return [...ids]
    .map((id) => ({ role_id: id, was: bits(before.gives(id)), becomes: bits(after.gives(id)) }))
    .filter(({ was, becomes }) => was.includes('1') || becomes.includes('1'))
}

type Change = {
  was: string
  becomes: string
  count: number
  users: { id: string; name: string; sort: string }[]
}

async function people(
  tx: Db,
  actor: UserActor,
  codes: readonly string[],
  roles: readonly Mask[],
): Promise<Effect[]> {
  const readable: RawBuilder<unknown> = actor.find('user:read')?.where('u') ?? sql`false`
  const { rows } = await sql<Change>`
    with role as (
      select role_id, was::varbit, becomes::varbit
      from json_to_recordset(${JSON.stringify(roles)}) as r(role_id uuid, was text, becomes text)
    ), person as (
      select ur.user_id, bit_or(role.was) as was, bit_or(role.becomes) as becomes
      from role join user_roles ur on ur.role_id = role.role_id
      where ur.expires_at is null or ur.expires_at > now()
      group by ur.user_id having bit_or(role.was) <> bit_or(role.becomes)
    ), ranked as (
      select p.was, p.becomes, u.id, u.sort_name, ${readable} as readable,
        coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username) as name,
        row_number() over (partition by p.was, p.becomes, ${readable} order by u.sort_name, u.id) as place,
        count(*) over (partition by p.was, p.becomes)::int as count
      from person p join users u on u.id = p.user_id
      where u.status = 'active' and u.deleted_at is null
    )
    select was::text, becomes::text, max(count) as count,
      coalesce(json_agg(json_build_object('id', id, 'name', name, 'sort', sort_name) order by sort_name, id)
        filter (where readable), '[]') as users
    from ranked where place <= ${MOST_NAMES} group by was, becomes`.execute(tx)
  return codes.flatMap((permission, bit): Effect[] => {
    const gains = affected(rows.filter(({ was, becomes }) => was[bit] === '0' && becomes[bit] === '1'))
    const loses = affected(rows.filter(({ was, becomes }) => was[bit] === '1' && becomes[bit] === '0'))
    return gains.count || loses.count ? [{ permission, gains, loses }] : []
  })
}

function affected(changes: readonly Change[]): Affected {
  const users = changes.flatMap(({ users }) => users)
  if (changes.length > 1) users.sort((a, b) => (a.sort < b.sort ? -1 : a.sort > b.sort ? 1 : 0))
  return {
    count: changes.reduce((sum, { count }) => sum + count, 0),
    users: users.slice(0, MOST_NAMES).map(({ id, name }) => ({ id, name })),
  }
}

async function record(tx: Db, roleIds: readonly string[], effects: readonly Effect[]): Promise<void> {
  const ids = [...new Set(roleIds)]
  const counts = (side: 'gains' | 'loses') =>
    JSON.stringify(
      Object.fromEntries(
        effects
          .filter((effect) => effect[side].count > 0)
          .slice(0, MOST_CODES)
          .map((effect) => [effect.permission, effect[side].count]),
      ),
    )
  const named = ids.slice(0, MOST_TOGETHER)
  await sql`
    select app.record_effect(id, ${counts('gains')}, ${counts('loses')}, array_remove(${named}::uuid[], id))
    from unnest(${ids}::uuid[]) as id where exists (select from roles r where r.id = id)`.execute(tx)
}
