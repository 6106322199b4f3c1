import { type Kysely, sql } from 'kysely'

/** Tokens of programs live for minutes, and are renewed by a token that works once, but for an answer that was lost. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- As before, where sessions of several organizations change at once.
    create or replace function app.rights_of_sessions() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform app.notify_rights(array_agg('s:' || o.id), o.org_id)
      from old_rows o join new_rows n using (org_id, id)
      where (n.revoked_at, n.expires_at, n.second_factor_at) is distinct from (o.revoked_at, o.expires_at, o.second_factor_at)
      group by o.org_id;
      return null;
    end $$;

    -- A session's tokens to renew it with, of which the newest works; a session that moves takes them along.
    create table refresh_tokens (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      session_id uuid not null,
      token_hash bytea not null unique,
      -- of one that took another's place and was not used: what it was made from, together with that one, and who asked
      salt bytea,
      asked_by bytea,
      rotated_at timestamptz,
      expires_at timestamptz not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id),
      foreign key (org_id, session_id) references sessions (org_id, id) on update cascade on delete cascade
    );
    create index refresh_tokens_session on refresh_tokens (org_id, session_id);
    create index refresh_tokens_by_expires on refresh_tokens (expires_at);
    create trigger stamp before update on refresh_tokens for each row execute function app.stamp();
    do $$ begin
      perform app.tenant_table('refresh_tokens', ''), app.lookup_may('select, insert, update, delete', 'refresh_tokens');
    end $$;

    -- when the token of a session ends, where that is before the session does
    alter table sessions add column token_expires_at timestamptz;
    drop trigger entered on sessions;
    create trigger entered before update on sessions for each row
      when ((old.home_org_id is not null or new.home_org_id is not null)
        and (new.org_id, new.account_id, new.user_id, new.kind, new.token_hash, new.idle_timeout, new.impersonator_id, new.expires_at,
          new.token_expires_at, new.home_org_id, new.home_user_id, new.home_expires_at)
        is distinct from (old.org_id, old.account_id, old.user_id, old.kind, old.token_hash, old.idle_timeout, old.impersonator_id, old.expires_at,
          old.token_expires_at, old.home_org_id, old.home_user_id, old.home_expires_at))
      execute function app.refuse_application();

    -- A session that gets another token in any other way is renewed by the old one no more.
    create function app.end_refresh_tokens() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      delete from public.refresh_tokens r where r.org_id = new.org_id and r.session_id = new.id and r.rotated_at is null;
      return null;
    end $$;
    create trigger end_refresh_tokens after update of token_hash on sessions for each row
      when (new.kind = 'token' and new.token_hash <> old.token_hash) execute function app.end_refresh_tokens();

    -- Gives the session of a program a token to renew it with, where it has none, and its own token an end; to whoever has that.
    -- Answers who that is; null for a token that is no good.
    create function app.add_refresh_token(access bytea, refresh bytea, minutes numeric, days numeric) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare begun public.sessions;
    begin
      perform app.refuse_inside();
      update public.sessions s set token_expires_at = now() + make_interval(secs => (minutes * 60)::double precision),
        -- unused for as long as the token is good for
        idle_timeout = make_interval(secs => (days * 86400)::double precision)
      where s.token_hash = access and s.kind = 'token' and s.revoked_at is null
        and not exists (select from public.refresh_tokens r where r.org_id = s.org_id and r.session_id = s.id and r.rotated_at is null)
      returning * into begun;
      if not found then return null; end if;
      insert into public.refresh_tokens (org_id, session_id, token_hash, expires_at)
      values (begun.org_id, begun.id, refresh, now() + make_interval(secs => (days * 86400)::double precision));
      return app.session_actor(access);
    end $$;

    -- Gives a session another token for the one to renew it with, which is used up. One that was used already is in two
    -- hands: the session ends; but whoever has just used it, and may not have heard the answer, hears it again, as long as
    -- what it gave was not used. Never later than the session would end. Answers who it is, and what the tokens are made
    -- from; null for a token that is no good.
    create function app.refresh_session(was bytea, access bytea, refresh bytea, asked bytea, salted bytea, minutes numeric, days numeric, ctx jsonb)
      returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare used public.refresh_tokens; heir public.refresh_tokens; ended public.sessions; actor jsonb;
    begin
      perform app.refuse_inside();
      -- one after the other, also where the session moves meanwhile
      perform from public.sessions s where s.id = (select r.session_id from public.refresh_tokens r where r.token_hash = was) for update;
      select * into used from public.refresh_tokens r where r.token_hash = was;
      if used.rotated_at is not null then
        select * into heir from public.refresh_tokens r where r.org_id = used.org_id and r.session_id = used.session_id
          and r.rotated_at is null and r.asked_by = asked and used.rotated_at > now() - interval '10 seconds';
        if found then
          select app.session_actor(s.token_hash) into actor from public.sessions s where s.org_id = used.org_id and s.id = used.session_id;
          return case when actor is not null then jsonb_build_object('actor', actor, 'salt', encode(heir.salt, 'hex')) end;
        end if;
        perform set_config('app.context', (ctx || '{"reason": "a refresh token was used twice"}')::text, true);
        update public.sessions s set revoked_at = now() where s.org_id = used.org_id and s.id = used.session_id and s.revoked_at is null
        returning * into ended;
        if found then
          insert into public.events (org_id, via, action, target_type, target_id, request_id, ip)
          values (ended.org_id, coalesce(ctx ->> 'via', 'api'), 'auth:refresh_reused', 'session', ended.id, ctx ->> 'request', (ctx ->> 'ip')::inet);
          insert into public.security_events (account_id, action, data, request_id, ip)
          values (ended.account_id, 'auth:refresh_reused', jsonb_build_object('session', ended.id), ctx ->> 'request', (ctx ->> 'ip')::inet);
        end if;
        return null;
      end if;
      if used.id is null or used.expires_at <= now() then return null; end if;
      update public.refresh_tokens r set rotated_at = now(), salt = null, asked_by = null where r.org_id = used.org_id and r.id = used.id;
      update public.sessions s set token_hash = access, token_expires_at = now() + make_interval(secs => (minutes * 60)::double precision)
      where s.org_id = used.org_id and s.id = used.session_id;
      insert into public.refresh_tokens (org_id, session_id, token_hash, salt, asked_by, expires_at)
      values (used.org_id, used.session_id, refresh, salted, asked, now() + make_interval(secs => (days * 86400)::double precision));
      -- whatever else ends a session
      actor := app.session_actor(access);
      if actor is null then raise exception 'the session has ended' using errcode = '28000'; end if;
      perform pg_notify('rights', 's:' || used.session_id);
      return jsonb_build_object('actor', actor, 'salt', encode(salted, 'hex'));
    end $$;

    -- Takes away what is older than its time, so many rows at most; answers how many went.
    create function app.tidy_sessions(most int) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare gone int;
    begin
      perform app.refuse_inside();
      delete from public.refresh_tokens where (org_id, id) in (
        select r.org_id, r.id from public.refresh_tokens r where r.expires_at < now() limit most for update skip locked);
      get diagnostics gone = row_count;
      return gone;
    end $$;

    revoke all on function app.end_refresh_tokens() from public;
    do $$
    declare f text;
    begin
      foreach f in array array['app.add_refresh_token(bytea, bytea, numeric, numeric)',
        'app.refresh_session(bytea, bytea, bytea, bytea, bytea, numeric, numeric, jsonb)', 'app.tidy_sessions(int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.tidy_sessions(int), app.refresh_session(bytea, bytea, bytea, bytea, bytea, numeric, numeric, jsonb),
      app.add_refresh_token(bytea, bytea, numeric, numeric);
    drop trigger end_refresh_tokens on sessions;
    drop function app.end_refresh_tokens();
    create or replace function app.rights_of_sessions() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform app.notify_rights(array_agg('s:' || o.id), (array_agg(o.org_id))[1])
      from old_rows o join new_rows n using (org_id, id)
      where (n.revoked_at, n.expires_at, n.second_factor_at) is distinct from (o.revoked_at, o.expires_at, o.second_factor_at)
      having count(*) > 0;
      return null;
    end $$;
    drop trigger entered on sessions;
    drop table refresh_tokens;
    -- without them their tokens would live as long as the session
    update sessions set revoked_at = now() where token_expires_at is not null and revoked_at is null;
    alter table sessions drop column token_expires_at;
    create trigger entered before update on sessions for each row
      when ((old.home_org_id is not null or new.home_org_id is not null)
        and (new.org_id, new.account_id, new.user_id, new.kind, new.token_hash, new.idle_timeout, new.impersonator_id, new.expires_at,
          new.home_org_id, new.home_user_id, new.home_expires_at)
        is distinct from (old.org_id, old.account_id, old.user_id, old.kind, old.token_hash, old.idle_timeout, old.impersonator_id, old.expires_at,
          old.home_org_id, old.home_user_id, old.home_expires_at))
      execute function app.refuse_application();
  `.execute(db)
}
