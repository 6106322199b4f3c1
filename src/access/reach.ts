import { type Compilable, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { grant, groupsBy, type Match, type Principal } from '#src/access/grant.ts'
import { begun, strongestRole } from '#src/access/in-force.ts'
import type { AccessModel } from '#src/access/model.ts'
import { type Model, type Permission, type Scope, scopes } from '#src/access/permission.ts'
import type { Named, SubjectAccess } from '#src/access/standing.ts'
import type { Tx } from '#src/db/database.ts'

/** From a group the user is a member of down to one that the record belongs to through a column. */
export type GroupPath = { column: string; role: string; groups: (Named & { deleted: boolean })[] }

/** How a record would be within scope for a user who held the permission in every scope. */
export type Reach = { matches: Pick<Match, 'scope' | 'column'>[]; groupPaths: GroupPath[] }

/** Whose rows a Grant for the action reaches: viewers of a group only read. */
export const holderOf = (
  { userId, readGroups, writeGroups }: { userId: string } & Pick<SubjectAccess, 'readGroups' | 'writeGroups'>,
  action: string,
): Principal => ({ userId, groups: action === 'read' ? readGroups : writeGroups })

const everyScope: ReadonlySet<Scope> = new Set(scopes)

/** A Grant for another user: never to query rows, only to explain which it would give. */
export const grantOf = (model: AccessModel, action: string, held: ReadonlySet<Scope>, holder: Principal) =>
  grant(model.name as Model, action, held, holder)

/** Which rows of a model's table count as records, as `record`, Grants aside: the condition that read paths use. */
export type Present = (model: string) => RawBuilder<SqlBool>

type ReachRow = { matched: boolean[]; paths: GroupPath[] | null }

/**
 * The statement that tests the conditions of a Grant's filter against a record. No row: there is no such record, or
 * the asker can neither read it nor do this to it.
 * @param ids the record; of several, the first that exists
 */
export function reachOf(
  actor: UserActor,
  model: AccessModel,
  action: string,
  standing: SubjectAccess,
  { ids, present }: { ids: readonly string[]; present: Present },
): { build: (db: Tx) => Compilable<ReachRow>; read: (row: ReachRow) => Reach } | null {
  const seen =
    actor.find(`${model.name}:${action}` as Permission) ?? actor.find(`${model.name}:read` as Permission)
  if (!seen) return null
  const holder = holderOf({ ...standing, userId: standing.subject.id }, action)
  const matches = grantOf(model, action, everyScope, holder).matches('record')
  const conditions = matches.map(({ condition }) => sql`coalesce(${condition}, false)`)
  const text = sql<ReachRow>`
    select array[${sql.join(conditions)}]::boolean[] as matched,
      ${model.group.length ? groupPaths(actor, model, standing.subject.id) : sql`null`} as paths
    from ${sql.table(model.table)} as record
    where record.id = any(${ids}::uuid[]) and ${actor.sees(seen, 'record')} and ${present(model.name)} limit 1`
  return {
    build: (db) => ({ compile: () => text.compile(db) }),
    read: ({ matched, paths }) => ({
      matches: matches.filter((_, index) => matched[index]).map(({ scope, column }) => ({ scope, column })),
      groupPaths: paths ?? [],
    }),
  }
}

/** Walks from each group of the record up to those the user is a member of, shortest path first. */
function groupPaths(actor: UserActor, model: AccessModel, person: string): RawBuilder<unknown> {
  const starts = groupsBy(model, 'record').map(
    ({ column, groups }) => sql`select ${column}::text, way.id from (${groups}) way(id)`,
  )
  const readable: RawBuilder<SqlBool> = actor.find('group:read')?.where('g') ?? sql`false`
  const name = sql`case when ${readable} or exists (
    select from group_members mine where mine.org_id = g.org_id and mine.group_id = g.id and mine.user_id = ${actor.userId})
    then g.name end`
  return sql`(
    with recursive start(way, id) as (${sql.join(starts, sql` union all `)}),
    up(way, id, parent_id, path) as (
      select s.way, g.id, g.parent_id, array[g.id] from start s join groups g on g.id = s.id
      union all
      select u.way, g.id, g.parent_id, g.id || u.path from up u join groups g on g.id = u.parent_id where not g.id = any(u.path)
    )
    select json_agg(json_build_object('column', up.way, 'role', m.role, 'groups', (
        select json_agg(json_build_object('id', g.id, 'name', ${name}, 'deleted', g.deleted_at is not null) order by place)
        from unnest(up.path) with ordinality step(id, place) join groups g on g.id = step.id)) order by cardinality(up.path), up.path)
    from up join (select m.group_id, ${strongestRole('m')} as role from group_members m
      where m.user_id = ${person} and ${begun('m')} group by m.group_id) m on m.group_id = up.id)`
}
