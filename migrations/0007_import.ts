import { type Kysely, sql } from 'kysely'

/** What an import needs of accounts, which are of no organization: which names are taken, and many new ones at once. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- For commands, which are told a slug or nothing.
    create function app.find_organization(place_slug text) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      return (select jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'status', o.status)
        from public.organizations o where case when place_slug is null then o.is_default else o.slug = place_slug end);
    end $$;

    -- Alike: taken by a name that reads the same.
    create function app.names_taken(usernames text[], emails text[]) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      if org is null then
        raise exception 'no organization is entered' using errcode = '42501';
      end if;
      return jsonb_build_object(
        'usernames', (select coalesce(jsonb_agg(a.username), '[]') from public.accounts a where a.username = any (usernames)),
        'alike', (
          -- who has no account is looked for once, not for every name
          with here as materialized (
            select u.username, app.fold(u.username) as seen from public.users u
            where u.org_id = org and u.account_id is null and u.deleted_at is null)
          select coalesce(jsonb_agg(n.name), '[]') from (
            select g.name, app.fold(g.name) as seen from unnest(usernames) g(name) offset 0) n
          where exists (select from public.accounts a where app.fold(a.username) = n.seen and a.username <> n.name)
            or (n.seen in (select h.seen from here h)) and n.name not in (select h.username from here h)),
        'emails', (select coalesce(jsonb_agg(a.email), '[]') from public.accounts a where a.email = any (emails)));
    end $$;

    -- Accounts without a password, managed by the organization that is entered; their ids in the order of the people.
    create function app.create_accounts(people jsonb) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare made jsonb; org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      if org is null then raise exception 'no organization is entered' using errcode = '42501'; end if;
      with given as materialized (
        select app.uuid_v7() as id, p.n, p.person ->> 'username' as username, p.person ->> 'email' as email
        from jsonb_array_elements(people) with ordinality p(person, n)
      ), inserted as (
        insert into public.accounts (id, username, email, managed_by_org_id, last_org_id)
        select g.id, g.username, g.email, org, org from given g order by g.n
      )
      select coalesce(jsonb_agg(g.id order by g.n), '[]') into made from given g;
      return made;
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.find_organization(text)', 'app.names_taken(text[], text[])', 'app.create_accounts(jsonb)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.create_accounts(jsonb), app.names_taken(text[], text[]), app.find_organization(text);
  `.execute(db)
}
