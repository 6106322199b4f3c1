import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireMovable, requireReturning } from '#src/access/placing.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import {
  type GroupChange,
  type GroupRecord,
  type Groups,
  groupOf,
  groups,
  type NewGroup,
} from '#src/domains/people/groups/model.ts'
import { conflict, Forbidden, invalid } from '#src/errors.ts'
import {
  lockRecord,
  madeRecord,
  mapConstraintErrors,
  removeRecord,
  restoreRecord,
  type SavedRecord,
  updateRecord,
} from '#src/resource/record/write.ts'

/** Edits of one organization's tree take turns, so that each sees what stands above and beneath. */
const takingTurns = (tx: Tx) => lockFor(tx, 'groups')

/** Makes a group: anywhere by scope `all`, as one's own at the top, else beneath a group in reach. */
export async function createGroup(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'group', 'create'>,
  input: NewGroup,
  resource: Groups = groups,
): Promise<SavedRecord> {
  const own = !grant.all && grant.scopes.has('own')
  const placed = own ? { ...input, owner_user_id: input.owner_user_id ?? actor.userId } : input
  const { parent_id = null, owner_user_id = null, owner_group_id = null } = placed
  if (!grant.all && !own && !parent_id)
    throw invalid([{ path: 'parent_id', message: 'Choose one of your groups' }])
  await takingTurns(tx)
  if (parent_id) await requireParent(tx, actor, grant, parent_id)
  grant.place({ users: [owner_user_id], groups: [parent_id, owner_group_id] })
  if (parent_id) await requireShape(tx, actor, null, parent_id)
  const made = await mapConstraintErrors(
    resource,
    tx
      .insertInto('groups')
      .values({ ...placed, created_by: actor.userId })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  return madeRecord(tx, resource, actor, made.id)
}

/** Changes what is named. Who moves a group has to reach it where it was and where it comes to. */
export async function updateGroup(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'group', 'update'>,
  id: string,
  change: GroupChange,
  version: number | null,
  resource: Groups = groups,
): Promise<SavedRecord> {
  const { parent_id: to } = change
  if (to !== undefined) {
    await takingTurns(tx)
    const { parent_id: from } = groupOf((await lockRecord(tx, resource, actor, grant, id, { version })).row())
    if (to !== from) await requireMove(tx, actor, grant, { id, from, to })
  }
  return updateRecord(tx, resource, actor, grant, id, change, version)
}

async function requireMove(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'group', 'update'>,
  { id, from, to }: { id: string; from: string | null; to: string | null },
): Promise<void> {
  if (to) await requireParent(tx, actor, grant, to)
  if (!to && !grant.all) throw new Forbidden('group:update', 'You can’t move a group to the top level.')
  grant.place({ groups: [from, to] })
  if (to) await requireShape(tx, actor, id, to)
  await requireMovable(tx, actor, id, from, to)
}

/** A group to put another beneath: there, and in sight. */
async function requireParent(tx: Tx, actor: UserActor, grant: Grant<'group'>, id: string): Promise<void> {
  const { rows } = await sql`select from groups g where g.id = ${id} and g.deleted_at is null
    and ${actor.sees(grant, 'g')} for key share of g`.execute(tx)
  if (!rows.length) throw invalid([{ path: 'parent_id', message: 'Choose a group' }])
}

const MAX_LEVELS = 40

/** Refuses a circle, with the way that would close it, and a tree too deep for people to find their way in. */
async function requireShape(tx: Tx, actor: UserActor, id: string | null, parent: string): Promise<void> {
  const seen = actor.find('group:read')?.where('g') ?? sql`false`
  const { rows } = await sql<{ id: string; name: string | null; height: number }>`
    with recursive up(id, parent_id, n) as (
      select g.id, g.parent_id, 1 from groups g where g.id = ${parent}
      union all
      select g.id, g.parent_id, up.n + 1 from up join groups g on g.id = up.parent_id where up.id is distinct from ${id}
    ), down(id, n) as (
      select ${id}::uuid, 1
      union all
      select g.id, down.n + 1 from down join groups g on g.parent_id = down.id where down.n <= ${sql.lit(MAX_LEVELS)}
    )
    select up.id, case when ${seen} then g.name end as name, (select max(n) from down) as height
    from up join groups g on g.id = up.id order by up.n`.execute(tx)
  const last = rows.at(-1)
  if (last?.id === id) {
    const names = [last, ...rows].map(({ name }) => name ?? '…')
    throw conflict('parent_id', `would make the group its own parent: ${names.join(' → ')}`)
  }
  if (rows.length + (last?.height ?? 0) > MAX_LEVELS)
    throw conflict('parent_id', `would be more than ${MAX_LEVELS} levels deep`)
}

const elsewhere: readonly GroupRecord['kind'][] = ['warehouse', 'client']
function refuseElsewhere({ kind }: GroupRecord, verb: string): void {
  if (elsewhere.includes(kind))
    throw conflict('', `You can’t do this here: a ${kind} is ${verb} on the ${kind}s page.`)
}

/**
 * Takes a group away: its people lose what it gave them. Those beneath keep their place, but the people above reach
 * them no longer, until it comes back.
 */
export async function deleteGroup(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'group', 'delete'>,
  id: string,
  version: number | null,
  resource: Groups = groups,
): Promise<void> {
  await takingTurns(tx)
  const target = await lockRecord(tx, resource, actor, grant, id, { version })
  refuseElsewhere(groupOf(target.row()), 'deleted')
  await removeRecord(tx, resource, actor, grant, id, version)
}

/** Brings a deleted group back, with all that it gives; a name taken meanwhile is a 409. */
export async function restoreGroup(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'group', 'delete'>,
  id: string,
  resource: Groups = groups,
): Promise<SavedRecord> {
  await takingTurns(tx)
  const target = groupOf((await lockRecord(tx, resource, actor, grant, id, { deleted: true })).row())
  refuseElsewhere(target, 'restored')
  await requireReturning(tx, actor, id, target.parent_id)
  return restoreRecord(tx, resource, actor, grant, id)
}
