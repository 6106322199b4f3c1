import type pg from 'pg'
import type { Actor } from './database.ts'

export type User = {
  id: string
  username: string
  email: string
  first_name: string
  last_name: string
  avatar_url: string | null
  status: string
  kind: string
  locale: string
  time_zone: string
  roles: { id: string; name: string }[]
  groups: { id: string; name: string; kind: string; role: string }[]
  last_login_at: Date | null
  email_verified_at: Date | null
  created_at: Date
  updated_at: Date
  deleted_at: Date | null
  version: number
}

export type List = { status: string | null; sort: string; descending: boolean; limit: number; offset: number }

const columns: Record<string, string> = {
  name: 'sort_name',
  username: 'username',
  email: 'email',
  created_at: 'created_at',
}
export const sorts = Object.keys(columns)

/** `$1` is who asks, `$2` and `$3` whether they see everybody's roles and groups. */
const fields = `u.id, u.username, u.email, u.first_name, u.last_name, null as avatar_url, u.status, u.kind, u.locale, u.time_zone,
  r.roles, g.groups, u.last_login_at, u.email_verified_at, u.created_at, u.updated_at, u.deleted_at, u.version`
const attached = `
  cross join lateral (
    select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name) order by r.name), '[]') as roles
    from user_roles ur join roles r on r.org_id = ur.org_id and r.id = ur.role_id
    where ur.org_id = u.org_id and ur.user_id = u.id and r.deleted_at is null
      and (ur.expires_at is null or ur.expires_at > now()) and (u.id = $1 or $2::bool)
  ) r
  cross join lateral (
    select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'kind', g.kind, 'role', gm.role) order by g.name), '[]') as groups
    from group_members gm join groups g on g.org_id = gm.org_id and g.id = gm.group_id
    where gm.org_id = u.org_id and gm.user_id = u.id and g.deleted_at is null and (u.id = $1 or $3::bool)
  ) g`

const reader = ({ user, permissions }: Actor) => [
  user,
  permissions.includes('role:read:all'),
  permissions.includes('group:read:all'),
]

/** A page by offset, and the exact count, in one statement. */
export async function listUsers(
  client: pg.PoolClient,
  actor: Actor,
  { status, sort, descending, limit, offset }: List,
): Promise<{ users: User[]; total: number }> {
  const where = `deleted_at is null${status ? ' and status = $6' : ''}`
  const order = (table: string) => {
    const direction = descending ? 'desc' : 'asc'
    return `${table}.${columns[sort]} ${direction}, ${table}.id ${direction}`
  }
  const { rows } = await client.query({
    name: `list_users_${sort}_${descending}_${status ? 'status' : 'all'}`,
    text: `select ${fields}, (select count(*)::int from users where ${where}) as total
      from (select * from users where ${where} order by ${order('users')} limit $4 offset $5) u ${attached}
      order by ${order('u')}`,
    values: [...reader(actor), limit, offset, ...(status ? [status] : [])],
  })
  const total: number = rows[0]?.total ?? 0
  for (const row of rows) delete row.total
  return { users: rows, total }
}

export async function findUser(client: pg.PoolClient, actor: Actor, id: string): Promise<User | undefined> {
  const { rows } = await client.query({
    name: 'find_user',
    text: `select ${fields} from users u ${attached} where u.id = $4`,
    values: [...reader(actor), id],
  })
  return rows[0]
}

export type NewUser = { username: string; first_name: string }

/** The user, a service account, and what the trail says of it, in one statement. */
export async function createUser(client: pg.PoolClient, actor: Actor, input: NewUser): Promise<User> {
  const { username, first_name } = input
  const { rows } = await client.query({
    name: 'create_user',
    text: `with made as (
        insert into floor.people (username, first_name, created_by) values ($1, $2, $3) returning *
      ), written as (
        insert into floor.trail (actor_id, action, target_id, data)
        select $3, 'user:create', id, jsonb_build_object('username', username, 'first_name', first_name, 'status', status)
        from made
      )
      select id, username, email, first_name, last_name, null as avatar_url, status, kind, locale, time_zone,
        '[]'::json as roles, '[]'::json as groups, last_login_at, email_verified_at, created_at, updated_at, deleted_at, version
      from made`,
    values: [username, first_name, actor.user],
  })
  return rows[0]
}
