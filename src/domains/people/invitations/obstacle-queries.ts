import { type RawBuilder, sql } from 'kysely'

/** Why nobody can accept an invitation just now, and what an administrator is told of it. */
export const obstacles = {
  inviter: 'The person who invited them can no longer sign in.',
  role: 'A role it assigns is deleted or disabled.',
  group: 'Its group is deleted.',
  rights: 'The person who invited them can no longer grant this access.',
} as const
export type Obstacle = keyof typeof obstacles

const RESERVED = "('superadmin', 'owner', 'admin')"

/**
 * What stands in the way of a pending invitation; null where it can be accepted: the rule of `requireVouchable`, in the
 * statement of a list.
 * @param writer who writes the row in this statement, and so vouches for it
 */
export function obstacleOf(table: string, writer: string | null = null): RawBuilder<Obstacle | null> {
  const at = (column: string) => sql.ref(`${table}.${column}`)
  // asked once a statement and person: people who invite are few
  const rights = sql`(select jsonb_object_agg(w.id, app.standing_rights(w.id)) from (
      select invited_by as id from invitations where status = 'pending' and deleted_at is null and invited_by is not null
      union select ${writer}::uuid where ${writer}::uuid is not null) w)`
  const has = (code: string) => sql`v.rights -> 'permissions' ? ${sql.lit(code)}`
  const mine = (column: string) => sql`coalesce(v.rights -> 'writeGroups' ? ${at(column)}::text, false)`
  const inScope = sql`case when ${at('user_id')} is null
      then ${has('invitation:create:all')} or ${has('invitation:create:own')}
        or ${has('invitation:create:group')} and (${mine('group_id')} or ${mine('owner_group_id')})
      else exists (select from jsonb_array_elements_text(v.rights -> 'permissions') p where p ~ '^(invitation|user):create:') end`
  // where they come, and as what: of somebody who was added, where they are
  const into = sql`(select coalesce(jsonb_agg(m), '[]') from (
      select ${at('group_id')} as id, 'member' as role where ${at('user_id')} is null and ${at('group_id')} is not null
      union all select m.group_id, m.role from group_members m join groups g on g.id = m.group_id and g.deleted_at is null
        where m.user_id = ${at('user_id')} and m.created_at <= ${at('sent_at')}) m)`
  const member = sql`jsonb_to_recordset(v.places) as m(id text, role text)`
  const adds = sql`case when ${at('user_id')} is not null and v.rights ->> 'permissions' ~ '"user:create:'
      then ${has('user:create:group')} else ${has('invitation:create:group')} end`
  const places = sql`not exists (select from ${member} where not (${has('group:update:all')}
      or v.rights -> 'writeGroups' ? m.id and (${has('group:update:group')} or m.role <> 'lead' and ${adds})))`
  // a role reaches further in a group: nobody gives more there than they have there
  const further = sql`(p.scope = 'group' and not v.rights -> 'permissions' ? (p.model || ':' || p.action || ':all')
      and exists (select from ${member} where case p.action when 'read' then not v.rights -> 'readGroups' ? m.id
        else m.role <> 'viewer' and not v.rights -> 'writeGroups' ? m.id end))`
  const beyond = sql`exists (
      with recursive up(id) as (select unnest(v.roles) union select i.parent_id from up join role_parents i on i.role_id = up.id)
      select from up join roles r on r.id = up.id join role_permissions h on h.role_id = r.id
        join permissions p on p.id = h.permission_id
      where p.status = 'active'
        and (not v.rights -> 'permissions' ?| array[p.code, p.model || ':' || p.action || ':all'] or ${further})
        and (r.template is null or r.template in ${sql.raw(RESERVED)} or not ${has('role:assign:all')}))`
  return sql`(select case
      when jsonb_typeof(v.rights) is distinct from 'object' then 'inviter'
      when exists (select from unnest(v.roles) g(id) where not exists (
        select from roles r where r.id = g.id and r.deleted_at is null and r.status = 'active')) then 'role'
      when exists (select from groups g where g.id = ${at('group_id')} and g.deleted_at is not null) then 'group'
      when not (${inScope} and ${places}) or ${beyond} then 'rights' end
    from (select ${rights} -> ${at('invited_by')}::text as rights, case when ${at('user_id')} is null then ${at('role_ids')}
      else array(select ur.role_id from user_roles ur where ur.user_id = ${at('user_id')} and ur.created_at <= ${at('sent_at')}
        and (ur.expires_at is null or ur.expires_at > now())) end as roles, ${into} as places offset 0) v
    where ${at('status')} = 'pending' and ${at('deleted_at')} is null)`
}
