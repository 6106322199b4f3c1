import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { begun, strongestRole } from '#src/access/in-force.ts'
import { requirePlaceable } from '#src/access/placing.ts'
import type { Tx } from '#src/db/database.ts'
import type { Groups } from '#src/domains/people/groups/model.ts'
import type { Member } from '#src/domains/people/members/model.ts'
import { type Gathering, gatheringOf, memberJson, membership } from '#src/domains/people/members/queries.ts'
import { conflict, Forbidden, invalid, notFound } from '#src/errors.ts'

type Role = Member['role']
const RANK: Record<Role, number> = { viewer: 0, member: 1, lead: 2 }

/** A group whose members somebody changes, locked, with the person and their role in it. */
type Place = { group: Gathering; person: string; role: Role | null }

type Placed = { json: string; was: Role | null }

/**
 * Puts somebody into a group. Whoever is in it with another role keeps that: it is changed where one sees it.
 * @throws {Conflict} for another role
 */
export async function addMember(...given: Parameters<typeof putMember>): Promise<Placed> {
  const [tx, actor, resource, id, person, role] = given
  const { role: was } = await lockPlace(tx, actor, resource, id, person)
  if (was !== null && was !== role) throw conflict('user', `is already in this group, as a ${was}`)
  return putMember(...given)
}

/** Puts somebody into a group, or changes their role in it; `was` is the one before. */
export async function putMember(
  tx: Tx,
  actor: UserActor,
  resource: Groups,
  id: string,
  person: string,
  role: Role,
): Promise<Placed> {
  const place = await lockPlace(tx, actor, resource, id, person)
  const was = place.role
  if (was !== role) {
    await requireChange(tx, actor, place, role)
    if (was === null || RANK[role] > RANK[was])
      await requirePlaceable(tx, actor, { group: id, role, user: person })
    await tx
      .insertInto('group_members')
      .values({ group_id: id, user_id: person, role })
      .onConflict((on) =>
        on.columns(['org_id', 'group_id', 'user_id', 'source']).doUpdateSet({ role, begins_at: null }),
      )
      .execute()
  }
  const { rows } = await sql<{ json: string }>`select ${memberJson} as json
    from users join ${membership(id)} on true where users.id = ${person}`.execute(tx)
  return { json: rows[0]?.json ?? '', was }
}

/** Takes somebody out of a group. */
export async function removeMember(
  tx: Tx,
  actor: UserActor,
  resource: Groups,
  id: string,
  person: string,
): Promise<void> {
  const place = await lockPlace(tx, actor, resource, id, person)
  if (place.role === null) throw notFound('They’re not in this group.')
  await requireChange(tx, actor, place, null)
  await tx.deleteFrom('group_members').where('group_id', '=', id).where('user_id', '=', person).execute()
}

/** The person whom a form names, by user name or address, as far as the actor sees people. */
export async function personNamed(
  tx: Tx,
  actor: UserActor,
  resource: Groups,
  id: string,
  name: string,
): Promise<string> {
  const { rows } = await gatheringOf(actor, resource, id).execute(tx)
  if (!rows.length) throw notFound()
  const found = await sql<{ id: string }>`select users.id from users where users.deleted_at is null
    and (users.username = ${name} and (${reads(actor)} or ${leads(actor)}) or users.email = ${name} and ${reads(actor)})
    order by users.username = ${name} desc limit 1`.execute(tx)
  const [person] = found.rows
  if (!person) throw invalid([{ path: 'user', message: 'No one found with this user name or e-mail' }])
  return person.id
}

/** Those whom the actor reads, and themselves. */
const reads = (actor: UserActor): RawBuilder<boolean> =>
  sql`(users.id = ${actor.userId} or ${actor.find('user:read')?.where('users') ?? sql`false`})`

/** Those in a group that the actor leads, or beneath one: seen by name. */
const leads = (actor: UserActor): RawBuilder<boolean> =>
  sql`exists (select from group_members led where led.org_id = users.org_id and led.user_id = users.id and ${begun('led')}
    and led.group_id = any(${actor.rights.leadGroups}::uuid[]))`

/** Locks person and group, in the order in which other writes do. What the actor can't see does not exist. */
async function lockPlace(
  tx: Tx,
  actor: UserActor,
  resource: Groups,
  id: string,
  person: string,
): Promise<Place> {
  const people = await sql`select from users where users.id = ${person} and users.deleted_at is null
    and (${reads(actor)} or ${leads(actor)}) for no key update of users`.execute(tx)
  const { rows } =
    await sql<Gathering>`${gatheringOf(actor, resource, id)} for no key update of groups`.execute(tx)
  const [group] = rows
  if (!group || group.deleted || !people.rows.length) throw notFound()
  if (!group.update && !group.lead) throw new Forbidden('group:update')
  const member = await tx
    .selectFrom('group_members as m')
    .where('group_id', '=', id)
    .where('user_id', '=', person)
    .where(begun('m'))
    .select(strongestRole('m').as('role'))
    .executeTakeFirst()
  return { group, person, role: (member?.role ?? null) as Role | null }
}

/**
 * Who may change whom: by `group:update` everybody; a lead adds, changes and removes members and viewers, and steps
 * down or leaves where another lead remains. Nobody adds or raises themselves.
 * @param to null: out of the group
 */
async function requireChange(
  tx: Tx,
  actor: UserActor,
  { group, person, role }: Place,
  to: Role | null,
): Promise<void> {
  const self = person === actor.userId
  if (self && role === null) throw conflict('', 'You can’t add yourself to a group.')
  if (self && to !== null && RANK[to] > RANK[role as Role])
    throw conflict('', 'You can’t raise your own role.')
  if (group.update) return
  if (to === 'lead' || (role === 'lead' && !self))
    throw new Forbidden('group:update', 'Leads can’t add, change or remove other leads.')
  if (role !== 'lead') return
  const others = await tx
    .selectFrom('group_members as m')
    .innerJoin('users as u', (join) =>
      join.onRef('u.org_id', '=', 'm.org_id').onRef('u.id', '=', 'm.user_id'),
    )
    .where('m.group_id', '=', group.id)
    .where('m.role', '=', 'lead')
    .where(begun('m'))
    .where('m.user_id', '<>', person)
    .where('u.status', '=', 'active')
    .where('u.deleted_at', 'is', null)
    .select('m.user_id')
    .limit(1)
    .execute()
  if (!others.length) throw conflict('', 'You are this group’s only lead. Make someone else lead first.')
}
