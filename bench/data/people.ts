import type pg from 'pg'
import { departments, firstNames, lastNames } from './names.ts'
import { HUGE, LARGE, MEDIUM, ORGANIZATIONS, PEOPLE, tested } from './tested.ts'

/** Organizations, accounts, users, groups and members. */
export async function loadPeople(client: pg.ClientBase): Promise<void> {
  await client.query(`
    create temp table orgs as
      select n, app.uuid_v7() as id from generate_series(0, ${tested.large}) n;
    insert into organizations (id, kind, is_default, name, slug, created_at, updated_at)
      select id, 'tenant', n = 1, 'Organization ' || n, 'organization-' || n, '2024-01-01', '2024-01-01' from orgs;
  `)
  await client.query({
    text: `
      create temp table people as
      with numbered as (
        select n, case when n % 2 = 1 then 0 else (n / 2 - 1) % ${ORGANIZATIONS - 1} + 1 end as org,
          case when n % 2 = 1 then (n + 1) / 2 else (n / 2 - 1) / ${ORGANIZATIONS - 1} + 1 end as seq
        from generate_series(1, ${PEOPLE}) n
        union all
        select ${PEOPLE} + n, ${tested.medium}, n from generate_series(1, ${MEDIUM}) n
        union all
        select ${PEOPLE + MEDIUM} + n, ${tested.huge}, n from generate_series(1, ${HUGE}) n
        union all
        select ${PEOPLE + MEDIUM + HUGE} + n, ${tested.large}, n from generate_series(1, ${LARGE}) n
      )
      select p.n, p.org, p.seq, o.id as org_id, app.uuid_v7() as id, app.uuid_v7() as account_id,
        ${pick(firstNames, 'p.n * 31')} as first_name,
        ${pick(lastNames, 'p.n * 17 + p.n / 7')} as last_name,
        case when p.seq % 10 = 0 then 'disabled' when p.seq % 20 = 7 then 'invited' else 'active' end as status,
        timestamptz '2024-01-01 00:00:00+00' + p.n * interval '61.123457 seconds' as made
      from numbered p join orgs o on o.n = p.org;

      alter table people add username text, add email text;
      update people set username = regexp_replace(app.fold(first_name || '.' || last_name), '[^a-z.]', '', 'g') || n;
      update people set email = username || '@organization-' || org || '.example';
      analyze people;

      insert into accounts (id, email, username, managed_by_org_id, last_org_id, created_at, updated_at)
        select account_id, email, username, org_id, org_id, made, made from people order by n;
      insert into users (org_id, id, account_id, username, email, first_name, last_name, status, last_login_at,
          email_verified_at, created_at, updated_at)
        select org_id, id, account_id, username, email, first_name, last_name, status,
          case when seq % 4 <> 0 then made + interval '40 days' end, case when status <> 'invited' then made end, made, made
        from people order by n;
      insert into search_words (org_id, model, word, record_id)
        select distinct u.org_id, 'user', left(w, 64), u.id
        from users u,
          regexp_split_to_table(app.found_by(u.username || ' ' || u.email || ' ' || u.first_name || ' ' || u.last_name),
            '[^[:alnum:]]+') w
        where w <> '' order by 1, 2, 3, 4;
      insert into search_words (org_id, model, word, record_id)
        select p.org_id, 'user#tags', t.tag, p.id from (select *, count(*) over (partition by org) as all_of_it from people where org >= ${tested.medium}) p
        join (values ('rare', 25), ('common', null)) t(tag, most) on p.seq % case when t.most is null then 10 else p.all_of_it / t.most end = 3
        order by 1, 2, 3, 4;
    `,
  })
  await loadGroups(client)
}

/** A department in eight has teams beneath it; everybody is in one group, every third person in two. */
async function loadGroups(client: pg.ClientBase): Promise<void> {
  await client.query(`
    create temp table bodies as
      select o.id as org_id, app.uuid_v7() as id, k, b.heads, b.bodies
      from orgs o, lateral (select o.n in (0, ${tested.huge}, ${tested.large}) as big) size,
        lateral (select case when big then 8 else 4 end as heads, case when big then 48 else 6 end as bodies) b,
        lateral generate_series(1, b.bodies) k;
    insert into groups (org_id, id, kind, name, parent_id, created_at, updated_at)
      select b.org_id, b.id, case when b.k <= b.heads then 'department' else 'team' end,
        ${pick(departments, '(b.k - 1) % b.heads')} || case when b.k <= b.heads then '' else ' ' || b.k end,
        h.id, '2024-01-01', '2024-01-01'
      from bodies b left join bodies h on h.org_id = b.org_id and b.k > b.heads and h.k = (b.k - 1) % b.heads + 1;
    insert into group_members (org_id, group_id, user_id, role)
      select p.org_id, b.id, p.id,
        case when p.seq % 20 = 0 then 'lead' when p.seq % 7 = 0 then 'viewer' else 'member' end
      from people p join bodies b on b.org_id = p.org_id
        and (b.k = p.seq % b.bodies + 1 or (p.seq % 3 = 0 and b.k = (p.seq + 1) % b.bodies + 1));
  `)
}

function pick(list: readonly string[], index: string): string {
  const items = list.map((item) => `'${item.replaceAll("'", "''")}'`).join(', ')
  return `(array[${items}])[1 + (${index}) % ${list.length}]`
}
