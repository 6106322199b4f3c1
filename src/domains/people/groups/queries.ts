import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Groups, TreeGroup } from '#src/domains/people/groups/model.ts'
import { statement } from '#src/resource/list/query.ts'
import type { Reads } from '#src/resource/parts.ts'

const MAX_IN_TREE = 2000

/** The whole tree that there is for an action; a group whose parent is out of sight stands at the root. */
export async function treeOf(
  db: Reads,
  actor: UserActor,
  resource: Groups,
  grant: Grant<'group'>,
): Promise<{ data: TreeGroup[]; truncated: boolean }> {
  const text = sql<Omit<TreeGroup, 'children'>>`
    select groups.id, groups.name, groups.kind, groups.parent_id, groups.members_count from groups
    where groups.deleted_at is null and ${actor.sees(grant, 'groups')} and ${resource.declared.baseFilter?.('groups') ?? sql`true`}
    order by groups.sort_name, groups.id limit ${sql.lit(MAX_IN_TREE + 1)}`
  const rows = await db.readAs(actor, (q) => statement(q, text))
  const nodes = new Map<string, TreeGroup>()
  for (const row of rows.slice(0, MAX_IN_TREE)) nodes.set(row.id, { ...row, children: [] })
  const data: TreeGroup[] = []
  for (const node of nodes.values()) (nodes.get(node.parent_id ?? '')?.children ?? data).push(node)
  return { data, truncated: rows.length > MAX_IN_TREE }
}

/** How many people are in groups that are to go, and how many groups beneath them stay. */
export async function heldBy(
  db: Reads,
  grant: Grant<'group', 'delete'>,
  actor: UserActor,
  ids: readonly string[],
): Promise<{ people: number; beneath: number }> {
  const text = sql<{ people: number; beneath: number }>`
    with going as (select g.id from groups g where g.id = any(${ids}::uuid[]) and g.deleted_at is null and ${grant.where('g')})
    select (select count(distinct m.user_id)::int from going join group_members m on m.group_id = going.id
        join users u on u.id = m.user_id and u.deleted_at is null) as people,
      (select count(*)::int from going join groups b on b.parent_id = going.id
        where b.deleted_at is null and b.id not in (select id from going)) as beneath`
  const [found] = await db.readAs(actor, (q) => statement(q, text))
  return found ?? { people: 0, beneath: 0 }
}

const MAX_BENEATH = 20

/** The first of the groups right beneath one, by name. */
export async function beneathOf(
  db: Reads,
  actor: UserActor,
  grant: Grant<'group', 'read'>,
  id: string,
): Promise<Pick<TreeGroup, 'id' | 'name' | 'kind' | 'members_count'>[]> {
  return db.readAs(actor, (q) =>
    q
      .selectFrom('groups')
      .where('groups.parent_id', '=', id)
      .where('groups.deleted_at', 'is', null)
      .where(grant.where())
      .select(['groups.id', 'groups.name', 'groups.kind', 'groups.members_count'])
      .orderBy('groups.sort_name')
      .orderBy('groups.id')
      .limit(sql.lit(MAX_BENEATH))
      .$castTo<Pick<TreeGroup, 'id' | 'name' | 'kind' | 'members_count'>>(),
  )
}
