import { type Compilable, type RawBuilder, type SqlBool, sql } from 'kysely'
import { rightsFrom, type UserActor } from '#src/access/actor.ts'
import { begun } from '#src/access/in-force.ts'
import { counting } from '#src/access/narrowing.ts'
import { RoleGraph, type RoleNode } from '#src/access/role-graph.ts'
import type { Tx } from '#src/db/database.ts'

/** An id with its name; null if the asker may not read it. */
export type Named = { id: string; name: string | null }

/** Picks just those two keys. */
export const named = ({ id, name }: Named): Named => ({ id, name })

/** A role on the path to a permission. `codes` are its active permissions, `held` all its own. */
export type HeldRole = RoleNode & Named & { disabled: boolean; deleted: boolean; held: readonly string[] }

/** An assignment of a role to the user, from one of its sources; the latest expiry comes last. */
type Assigned = { role: string; expires_at: string | null; holds: 'now' | 'over' | 'later' }

export type Subject = {
  id: string
  name: string
  username: string
  /** Why nothing is granted, as the predicate after the user's name; null for an active user. */
  inactive: string | null
  /** A user of the platform organization who entered: has every active permission, and no roles. */
  shadow: boolean
}

/** A user's access to some permissions: what they have now, and every role that leads there. */
export type SubjectAccess = {
  subject: Subject
  /** The permissions that would decide requests if the user were active. */
  permissions: ReadonlySet<string>
  /** What the user holds beyond the API key that asks about itself. */
  withheld: readonly string[]
  readGroups: readonly string[]
  writeGroups: readonly string[]
  /** The permissions asked about, as the organization has them. */
  asked: { code: string; scope: string; status: string; description: string }[]
  roles: RoleGraph<HeldRole>
  assigned: readonly Assigned[]
}

/** Which user: by id, or by user name or e-mail address. */
export type Who = { id: string } | { name: string }

/** Users the asker may ask about: themselves, and those they may read. */
export const mayRead = (actor: UserActor): RawBuilder<SqlBool> =>
  sql`(u.id = ${actor.userId} or ${actor.find('user:read')?.where('u') ?? sql`false`})`

const whoIs = (who: Who): RawBuilder<SqlBool> =>
  'id' in who
    ? sql`u.id = ${who.id}`
    : sql`u.deleted_at is null and (u.username = ${who.name} or u.email = ${who.name})`

/** Why nothing is granted to a user `u`, as the predicate of a sentence; null for an active user. */
export const inactiveReason = sql<string | null>`case
  when u.shadow_of_user_id is not null then null
  when u.deleted_at is not null then 'is deleted'
  when u.status = 'disabled' then 'is disabled'
  when u.status = 'invited' then 'was invited and has not signed in yet'
  when u.kind = 'person' and not app.has_active_account(u.id) then 'has no account to sign in with, or one that is disabled' end`

/** A role's name, if the asker may read roles or has this one. */
const roleName = (actor: UserActor) =>
  sql`case when ${actor.find('role:read')?.where('r') ?? sql`false`} or exists (
    select from user_roles mine where mine.org_id = r.org_id and mine.role_id = r.id and mine.user_id = ${actor.userId})
    then r.name end`

type SubjectRow = {
  subject: Subject
  rights: { permissions: string[]; readGroups: string[]; writeGroups: string[] }
  asked: SubjectAccess['asked'] | null
  roles:
    | (Named & { status: string; deleted: boolean; parents: string[] | null; held: string[] | null })[]
    | null
  assigned: Assigned[] | null
}

type Asking = {
  who: Who
  /** The permissions asked about: a condition on `permissions` as `p`. */
  permissions: RawBuilder<SqlBool>
  /** Every role that leads to these permissions, or only those assigned to the user. */
  roles: 'leading' | 'assigned'
  /** Users the asker may ask about: a condition on `users` as `u`. */
  visible: RawBuilder<SqlBool>
}

const rolesFrom = {
  leading: sql`
    select h.role_id from asked a join role_permissions h on h.permission_id = a.id
    union select i.role_id from relevant r join role_parents i on i.parent_id = r.id`,
  assigned: sql`
    select ur.role_id from person join user_roles ur on ur.user_id = person.id
    union select i.parent_id from relevant r join role_parents i on i.role_id = r.id`,
}

/** The statement that loads it. No row: there is no such user, or the asker may not ask about them. */
export function standingOf(
  actor: UserActor,
  { who, permissions, roles, visible }: Asking,
): (db: Tx) => Compilable<SubjectRow> {
  const text = sql<SubjectRow>`
    with recursive person as (
      select * from users u where ${whoIs(who)} and ${visible} and (u.shadow_of_user_id is null or u.id = ${actor.userId})
    ), asked as (
      select p.id, p.code, p.scope, p.status, p.description from permissions p where ${permissions}
    ), relevant(id) as (${rolesFrom[roles]})
    select
      json_build_object('id', u.id, 'username', u.username, 'inactive', ${inactiveReason}, 'shadow', u.shadow_of_user_id is not null,
        'name', u.full_name) as subject,
      app.rights_of(u.id) as rights,
      (select json_agg(json_build_object('code', a.code, 'scope', a.scope, 'status', a.status, 'description', a.description)) from asked a) as asked,
      (select json_agg(json_build_object('id', r.id, 'name', ${roleName(actor)}, 'status', r.status, 'deleted', r.deleted_at is not null,
          'parents', (select json_agg(i.parent_id) from role_parents i where i.role_id = r.id),
          'held', (select json_agg(a.code) from role_permissions h join asked a on a.id = h.permission_id where h.role_id = r.id)))
        from relevant join roles r on r.id = relevant.id) as roles,
      (select json_agg(json_build_object('role', ur.role_id, 'expires_at', ur.expires_at,
          'holds', case when ur.expires_at <= now() then 'over' when ${begun('ur')} then 'now' else 'later' end)
          order by ur.expires_at nulls last)
        from user_roles ur where ur.user_id = u.id) as assigned
    from person u`
  return (db) => ({ compile: () => text.compile(db) })
}

export function standing(
  actor: UserActor,
  { subject, rights, asked, roles, assigned }: SubjectRow,
): SubjectAccess {
  const active = new Set(asked?.filter(({ status }) => status === 'active').map(({ code }) => code))
  const permissions = new Set(actor.having(subject.id, rights.permissions))
  const oneself = actor.isRestricted && subject.id === actor.userId
  // through an API key, a role gives only what the key covers
  const giving = (codes: string[]) =>
    oneself ? counting(rightsFrom(codes, [], []), [...permissions]) : codes
  const nodes = (roles ?? []).map(({ id, name, status, deleted, parents, held }): HeldRole => {
    const disabled = status !== 'active'
    const codes = giving((held ?? []).filter((code) => active.has(code)))
    return {
      id,
      name,
      disabled,
      deleted,
      active: !disabled && !deleted,
      parents: parents ?? [],
      codes,
      held: held ?? [],
    }
  })
  return {
    subject,
    permissions,
    withheld: oneself ? rights.permissions.filter((code) => !permissions.has(code)) : [],
    readGroups: rights.readGroups,
    writeGroups: rights.writeGroups,
    asked: asked ?? [],
    roles: new RoleGraph(nodes),
    assigned: assigned ?? [],
  }
}
