import type pg from 'pg'
import { hashOf, type Reader, readers, tested, tokenOf } from './tested.ts'

/**
 * In the big organization: a tree of groups (1, 3 and 9) that holds every second person, a group of three, a chain of
 * three roles, two hundred roles, and the people who read through them. Needs `orgs` and `people`.
 */
export async function loadScopes(client: pg.ClientBase): Promise<void> {
  await client.query(`
    create temp table tree as
      select o.id as org_id, app.uuid_v7() as id, k from orgs o, generate_series(0, 13) k where o.n = ${tested.big};
    insert into groups (org_id, id, kind, name, parent_id)
      select t.org_id, t.id, 'team', 'Tree ' || t.k, p.id from tree t
      left join tree p on p.k = case when t.k between 1 and 3 then 0 when t.k between 4 and 12 then (t.k - 1) / 3 end;
    delete from group_members m using people p
      where p.org = ${tested.big} and p.seq in (${Object.values(readers)}) and m.org_id = p.org_id and m.user_id = p.id;
    insert into group_members (org_id, group_id, user_id, role)
      select p.org_id, t.id, p.id, 'member' from people p
      join tree t on t.k = case when p.seq in (${readers.narrow}, 23, 29) then 13 when p.seq = ${readers.half} then 0 else 4 + (p.seq / 2) % 9 end
      where p.org = ${tested.big} and (p.seq % 2 = 0 or p.seq in (${readers.half}, ${readers.narrow}, 23, 29));

    delete from user_roles r using people p
      where p.org = ${tested.big} and p.seq in (${Object.values(readers)}) and r.org_id = p.org_id and r.user_id = p.id;
    insert into roles (org_id, name) select id, r from orgs, unnest(array['chain 1', 'chain 2', 'chain 3', 'all of it']) r where n = ${tested.big};
    insert into roles (org_id, name) select id, 'one of many ' || k from orgs, generate_series(1, 200) k where n = ${tested.big};
    insert into role_parents (org_id, role_id, parent_id)
      select c.org_id, c.id, p.id from roles c join roles p on p.org_id = c.org_id
        and (c.name, p.name) in (('chain 1', 'chain 2'), ('chain 2', 'chain 3'));
    insert into role_permissions (org_id, role_id, permission_id)
      select r.org_id, r.id, p.id from roles r join permissions p on p.org_id = r.org_id
        where r.name = 'chain 3' and p.code = 'user:read:group' or r.name = 'all of it';
    insert into role_permissions (org_id, role_id, permission_id)
      select r.org_id, r.id, p.id from (select *, split_part(name, ' ', 4)::int k from roles where name like 'one of many %') r
      join (select *, row_number() over (order by code) n, count(*) over () c from permissions p
        where org_id = (select id from orgs where n = ${tested.big})) p on p.org_id = r.org_id and (p.n - 1) % p.c in (r.k % p.c, (r.k * 7) % p.c, (r.k * 13) % p.c);
    insert into user_roles (org_id, user_id, role_id, reason)
      select p.org_id, p.id, r.id, 'bench' from people p join roles r on r.org_id = p.org_id
      where p.org = ${tested.big} and (p.seq in (${readers.half}) and r.name = 'chain 1' or p.seq = ${readers.narrow} and r.name = 'chain 3'
        or p.seq = ${readers.one} and r.name = 'all of it' or p.seq = ${readers.many} and r.name like 'one of many %');
    update users u set status = 'active' from people p
      where p.org = ${tested.big} and p.seq in (${Object.values(readers)}) and u.org_id = p.org_id and u.id = p.id;
  `)
  for (const [name, seq] of Object.entries(readers)) {
    await client.query({
      text: `insert into sessions (org_id, account_id, user_id, kind, token_hash, idle_timeout, expires_at)
        select org_id, account_id, id, 'token', $2, '100 years', '2100-01-01' from people where org = ${tested.big} and seq = $1`,
      values: [seq, hashOf(tokenOf(name as Reader, 'token'))],
    })
  }
}
