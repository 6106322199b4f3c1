import { type Compilable, type RawBuilder, type SqlBool, sql } from 'kysely'
import { rightsFrom, type UserActor } from '#src/access/actor.ts'
import { begun } from '#src/access/in-force.ts'
import { counting } from '#src/access/narrowing.ts'
import { RoleGraph, type RoleNode } from '#src/access/role-graph.ts'
import type { Tx } from '#src/db/database.ts'

/** Something with its name; null where the asker may not read it. */
export type Named = { id: string; name: string | null }

/** Only that of something. */
export const named = ({ id, name }: Named): Named => ({ id, name })

/** A role on the way to a permission. `codes` are active, `held` all that it holds itself. */
export type HeldRole = RoleNode & Named & { disabled: boolean; deleted: boolean; held: readonly string[] }

/** An assignment of a role to the person, by one of its sources; the latest end comes last. */
type Assigned = { role: string; expires_at: string | null; holds: 'now' | 'over' | 'later' }

export type Subject = {
  id: string
  name: string
  username: string
  /** Why nothing is granted, as the end of a sentence that begins with the name; null for who is active. */
  inactive: string | null
  /** Stands for somebody of the platform organization who entered: has every active permission, and no roles. */
  shadow: boolean
}

/** Where somebody stands with some permissions: what they have now, and all the roles that lead there. */
export type SubjectAccess = {
  subject: Subject
  /** As requests go by them, were the person active. */
  permissions: ReadonlySet<string>
  /** What the person has beyond the API key that asks about itself. */
  withheld: readonly string[]
  readGroups: readonly string[]
  writeGroups: readonly string[]
  /** Permissions that were asked about, as they stand in the organization. */
  asked: { code: string; scope: string; status: string; description: string }[]
  roles: RoleGraph<HeldRole>
  assigned: readonly Assigned[]
}

/** Which person: an id, a user name or an address. */
export type Who = { id: string } | { name: string }

/** Whom the asker may ask about: themselves, and whom they may read. */
export const mayRead = (actor: UserActor): RawBuilder<SqlBool> =>
  sql`(u.id = ${actor.userId} or ${actor.find('user:read')?.where('u') ?? sql`false`})`

const whoIs = (who: Who): RawBuilder<SqlBool> =>
  'id' in who
    ? sql`u.id = ${who.id}`
    : sql`u.deleted_at is null and (u.username = ${who.name} or u.email = ${who.name})`

/** Why nothing is granted to a user `u`, as the end of a sentence; null for who is active. */
export const inactiveReason = sql<string | null>`case
  when u.shadow_of_user_id is not null then null
  when u.deleted_at is not null then 'is deleted'
  when u.status = 'disabled' then 'is disabled'
  when u.status = 'invited' then 'was invited and has not signed in yet'
  when u.kind = 'person' and not app.has_active_account(u.id) then 'has no account to sign in with, or one that is disabled' end`

/** A role's name for whoever may read roles, or has the role. */
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
  /** What is asked about: a condition on `permissions` as `p`. */
  permissions: RawBuilder<SqlBool>
  /** Every role that leads to these permissions, or only what the person's own roles give. */
  roles: 'leading' | 'assigned'
  /** Whom the asker may ask about: a condition on `users` as `u`. */
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

/** The statement for a standing, one row or none: nobody of that name, or nobody that the asker may ask about. */
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
  // by an API key, a role gives what it covers of that
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
