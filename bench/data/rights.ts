import type pg from 'pg'
import { hashOf, type SessionKind, type Tested, tested, tokenOf } from './tested.ts'

/** model: actions / scopes */
const permissions = [
  'user: create read update delete disable / all group own',
  'role: create read update delete assign / all',
  'permission: create read update delete / all',
  'session: read delete / all own',
  'group: create read update delete / all',
  'invitation: create read update delete / all group own',
  'event: read export / all own',
  'module: create read update delete / all',
  'route: create read update delete / all',
  'warehouse: create read update delete / all group',
  'system: create read update delete claim / all group own',
  'feed_message: create read delete / all group own',
  'monitoring: read / all',
]

/** Patterns of what each role gets; `member` inherits from `viewer`. */
const roles = {
  admin:
    '^(user|role|permission|group|invitation|module|route|warehouse):.*:all$|^(session|event|monitoring):(read|delete):all$',
  user: '^(user:(read|update)|session:.*):own$|^feed_message:(read|create):group$|^system:read:group$',
  member: '^(system:(create|update)|warehouse:update):group$',
  viewer: '^(user|system|warehouse|feed_message):read:group$',
}

/** Permissions, roles and who has them in every organization, and sessions; needs `orgs` and `people`. */
export async function loadRights(client: pg.ClientBase): Promise<void> {
  const codes = permissions.flatMap((line) => {
    const [model = '', rest = ''] = line.split(': ')
    const [actions = '', scopes = ''] = rest.split(' / ')
    return actions
      .split(' ')
      .flatMap((action) => scopes.split(' ').map((scope) => `${model}:${action}:${scope}`))
  })
  await client.query({
    text: `insert into permissions (org_id, model, action, scope, category, builtin)
      select o.id, split_part(c, ':', 1), split_part(c, ':', 2), split_part(c, ':', 3), split_part(c, ':', 1), true
      from orgs o, unnest($1::text[]) c`,
    values: [codes],
  })
  await client.query({
    text: `insert into roles (org_id, name, template, builtin)
      select o.id, r, r, true from orgs o, unnest($1::text[]) r`,
    values: [Object.keys(roles)],
  })
  await client.query({
    text: `insert into role_permissions (org_id, role_id, permission_id)
      select r.org_id, r.id, p.id
      from unnest($1::text[], $2::text[]) as has(name, pattern)
      join roles r on r.name = has.name join permissions p on p.org_id = r.org_id and p.code ~ has.pattern`,
    values: [Object.keys(roles), Object.values(roles)],
  })
  await client.query(`
    insert into role_parents (org_id, role_id, parent_id)
      select m.org_id, m.id, v.id from roles m join roles v on v.org_id = m.org_id and v.name = 'viewer' where m.name = 'member';
    insert into user_roles (org_id, user_id, role_id, reason)
      select p.org_id, p.id, r.id, 'bench' from people p join roles r on r.org_id = p.org_id
        and (r.name = 'user' or (r.name = 'member' and p.seq % 3 = 0) or (r.name = 'admin' and p.seq % 50 = 1))
      order by p.n;
    insert into sessions (org_id, account_id, user_id, kind, token_hash, idle_timeout, expires_at)
      select org_id, account_id, id, 'browser', sha256(id::text::bytea), '12 hours', now() + interval '30 days'
      from people where seq <= 5;
  `)
  for (const [name, number] of Object.entries(tested)) {
    for (const kind of ['token', 'browser'] satisfies SessionKind[]) {
      await client.query({
        text: `insert into sessions (org_id, account_id, user_id, kind, token_hash, idle_timeout, expires_at)
          select org_id, account_id, id, $2, $3, '100 years', '2100-01-01' from people where org = $1 and seq = 1`,
        values: [number, kind, hashOf(tokenOf(name as Tested, kind))],
      })
    }
  }
}
