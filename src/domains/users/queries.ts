import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { givable } from '#src/access/granting.ts'
import type { Db } from '#src/db/database.ts'
import type { ListView } from '#src/http/list.ts'
import type { Source } from '#src/resource/list.ts'
import { searchFor } from '#src/resource/search.ts'

/** Who reads, and which of the roles and groups attached to a user they may see; always their own. */
export type Reader = {
  me: string
  roles: Grant<'role', 'read'> | null
  groups: Grant<'group', 'read'> | null
}

export const readerOf = (actor: UserActor): Reader => ({
  me: actor.userId,
  roles: actor.find('role:read'),
  groups: actor.find('group:read'),
})

/** A user as JSON, made by the database for rows of `users`. */
export function userJson({ me, roles, groups }: Reader): RawBuilder<string> {
  const seesRole = roles?.where('r') ?? sql`false`
  const seesGroup = groups?.where('g') ?? sql`false`
  return sql<string>`(select row_to_json(record)::text from (select
    users.id, users.username, users.email, users.first_name, users.last_name, null as avatar_url, users.status,
    users.locale, users.time_zone,
    (select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name) order by r.name), '[]')
      from user_roles ur join roles r on r.org_id = ur.org_id and r.id = ur.role_id
      where ur.org_id = users.org_id and ur.user_id = users.id and r.deleted_at is null
        and (ur.expires_at is null or ur.expires_at > now()) and (users.id = ${me} or ${seesRole})) as roles,
    (select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'kind', g.kind, 'role', gm.role) order by g.name), '[]')
      from group_members gm join groups g on g.org_id = gm.org_id and g.id = gm.group_id
      where gm.org_id = users.org_id and gm.user_id = users.id and g.deleted_at is null
        and (users.id = ${me} or ${seesGroup})) as groups,
    users.last_login_at, users.email_verified_at, users.created_at, users.updated_at, users.deleted_at,
    users.version) record)`
}

/** The users of a list: search, status, deleted or not. */
export const usersOf = (grant: Grant<'user', 'read'>, view: ListView, reader: Reader): Source<'users'> => ({
  table: 'users',
  grant,
  json: userJson(reader),
  search: searchFor('user', view.q),
  matching: (db) => {
    const { status, deleted } = view.filters
    let query = db
      .selectFrom('users')
      .where('users.deleted_at', deleted ? 'is not' : 'is', null)
      .where(grant.where())
    if (status?.length === 1) query = query.where('users.status', '=', status[0] as string)
    else if (status) query = query.where('users.status', 'in', status)
    return query
  },
})

/** One user, deleted ones too, and whether the other Grants reach it. */
export function findUser(db: Db, grant: Grant<'user', 'read'>, id: string, reader: Reader) {
  return db
    .selectFrom('users')
    .where('users.id', '=', id)
    .where(grant.where())
    .select(['users.version', userJson(reader).as('json')])
}

/** Roles to offer in a form; whether each may be given is for `mayGive` to say. */
export const offeredRoles = (db: Db, grant: Grant<'role', 'read'>) =>
  db
    .selectFrom('roles')
    .where('deleted_at', 'is', null)
    .where('status', '=', 'active')
    .where(grant.where())
    .select([
      'id',
      'name',
      'description',
      givable('roles').template.as('template'),
      givable('roles').codes.as('codes'),
    ])
    .orderBy('name')
    .limit(200)

export const offeredGroups = (db: Db, grant: Grant<'group', 'read'>) =>
  db
    .selectFrom('groups')
    .where('deleted_at', 'is', null)
    .where(grant.where())
    .select(['id', 'name', 'kind'])
    .orderBy('name')
    .limit(200)
