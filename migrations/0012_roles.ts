import { type Kysely, sql } from 'kysely'

/** Lists of roles and of permissions: words to search by, and an index for each pair of filter and sort. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table roles add column sort_name text not null collate "C" generated always as (app.fold(name)) stored;

    create index roles_by_name on roles (org_id, sort_name, id) where deleted_at is null;
    create index roles_by_created on roles (org_id, created_at, id) where deleted_at is null;
    create index roles_by_status_name on roles (org_id, status, sort_name, id) where deleted_at is null;
    create index roles_by_status_created on roles (org_id, status, created_at, id) where deleted_at is null;
    create index roles_by_builtin_name on roles (org_id, builtin, sort_name, id) where deleted_at is null;
    create index roles_by_builtin_created on roles (org_id, builtin, created_at, id) where deleted_at is null;
    create index roles_deleted on roles (org_id, sort_name, id) where deleted_at is not null;

    create index permissions_by_code on permissions (org_id, code, id);
    create index permissions_by_created on permissions (org_id, created_at, id);
    create index permissions_by_model_code on permissions (org_id, model, code, id);
    create index permissions_by_model_created on permissions (org_id, model, created_at, id);
    create index permissions_by_status_code on permissions (org_id, status, code, id);
    create index permissions_by_status_created on permissions (org_id, status, created_at, id);
    create index permissions_by_builtin_code on permissions (org_id, builtin, code, id);
    create index permissions_by_builtin_created on permissions (org_id, builtin, created_at, id);

    do $$ begin
      perform app.searchable('roles', 'role', array['name', 'description']),
        app.searchable('permissions', 'permission', array['code', 'category', 'description']);
    end $$;
    insert into search_words (org_id, model, word, record_id)
    select distinct r.org_id, 'role', left(w, 64), r.id
    from roles r, regexp_split_to_table(app.fold(r.name || ' ' || r.description), '[^[:alnum:]]+') w where w <> ''
    union all
    select distinct p.org_id, 'permission', left(w, 64), p.id
    from permissions p, regexp_split_to_table(app.fold(p.code || ' ' || p.category || ' ' || p.description), '[^[:alnum:]]+') w where w <> '';
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.search_roles() cascade;
    drop function app.search_permissions() cascade;
    delete from search_words where model in ('role', 'permission');
    drop index permissions_by_code, permissions_by_created, permissions_by_model_code, permissions_by_model_created,
      permissions_by_status_code, permissions_by_status_created, permissions_by_builtin_code, permissions_by_builtin_created,
      roles_by_name, roles_by_created, roles_by_status_name, roles_by_status_created, roles_by_builtin_name,
      roles_by_builtin_created, roles_deleted;
    alter table roles drop column sort_name;
  `.execute(db)
}
