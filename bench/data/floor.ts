import type pg from 'pg'

/**
 * What the floor has of its own, in a schema `floor`: whoever has a session with their rights, as one view, and plain
 * tables to create in, with the same people as `users`, row security, and a trail that nobody but the program writes.
 */
export async function loadFloor(client: pg.ClientBase): Promise<void> {
  await client.query(`
    create schema floor;
    create view floor.sessions as
      select s.token_hash, s.kind, s.org_id as org, s.user_id as "user", u.username,
        btrim(u.first_name || ' ' || u.last_name) as name,
        json_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind) as organization,
        array(
          with recursive held(id) as (
            select r.id from user_roles ur join roles r on r.org_id = ur.org_id and r.id = ur.role_id
            where ur.org_id = s.org_id and ur.user_id = s.user_id and (ur.expires_at is null or ur.expires_at > now())
              and r.status = 'active' and r.deleted_at is null
            union
            select r.id from held h join role_parents rp on rp.org_id = s.org_id and rp.role_id = h.id
              join roles r on r.org_id = s.org_id and r.id = rp.parent_id
            where r.status = 'active' and r.deleted_at is null
          )
          select distinct p.code from held h join role_permissions rp on rp.org_id = s.org_id and rp.role_id = h.id
            join permissions p on p.org_id = s.org_id and p.id = rp.permission_id where p.status = 'active'
        ) as permissions
      from sessions s join users u on u.org_id = s.org_id and u.id = s.user_id join organizations o on o.id = s.org_id
      where s.revoked_at is null and s.expires_at > now() and u.status = 'active' and u.deleted_at is null
        and o.status = 'active';

    create table floor.people (
      org_id uuid not null,
      id uuid not null default app.uuid_v7(),
      username text not null collate "C",
      email text not null default '' collate "C",
      first_name text not null default '',
      last_name text not null default '',
      status text not null default 'active',
      kind text not null default 'service',
      locale text,
      time_zone text,
      email_verified_at timestamptz,
      last_login_at timestamptz,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      version int not null default 1
    );
    insert into floor.people (org_id, id, username, email, first_name, last_name, status, kind, created_at, updated_at)
      select org_id, id, username, email, first_name, last_name, status, kind, created_at, updated_at from users;
    alter table floor.people add primary key (org_id, id), add unique (org_id, username);
    create index on floor.people (org_id, last_name, first_name, id);
    create index on floor.people (org_id, created_at, id);

    create table floor.trail (
      org_id uuid not null,
      id uuid not null default app.uuid_v7(),
      actor_id uuid not null,
      action text not null,
      target_id uuid not null,
      data jsonb not null,
      created_at timestamptz not null default now(),
      primary key (org_id, id)
    );
    create index on floor.trail (org_id, created_at, id);
    create index on floor.trail (org_id, target_id, created_at);
  `)
  for (const table of ['floor.people', 'floor.trail'])
    await client.query(`
      alter table ${table} enable row level security, force row level security,
        alter org_id set default current_setting('app.org_id')::uuid;
      create policy tenant on ${table} using (org_id = current_setting('app.org_id')::uuid);
    `)
  await client.query(`
    do $$ begin
      execute format('grant usage on schema floor to %I', app.role_app());
      execute format('grant select on floor.sessions to %I', app.role_app());
      execute format('grant select, insert on floor.people, floor.trail to %I', app.role_app());
    end $$;
  `)
}
