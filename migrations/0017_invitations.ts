import { type Kysely, sql } from 'kysely'

/** Invitations into an organization, and the links that go with them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- invited_by is whoever vouches for it: who made it, changed it or sent it last. With user_id, it is for somebody who
    -- stands among the people already, and gives what that person has; else it makes its person.
    select app.record_table('invitations', 'invitation', $columns$
      email text not null collate "C",
      role_ids uuid[] not null default '{}',
      group_id uuid,
      user_id uuid,
      status text not null default 'pending' check (status in ('pending', 'accepted', 'expired', 'revoked')),
      invited_by uuid,
      sent_at timestamptz not null default now(),
      expires_at timestamptz not null default now() + interval '72 hours',
      accepted_at timestamptz,
      foreign key (org_id, group_id) references public.groups (org_id, id) on delete cascade,
      foreign key (org_id, user_id) references public.users (org_id, id) on delete cascade,
      foreign key (org_id, invited_by) references public.users (org_id, id) on delete set null (invited_by)
    $columns$, array['email'], array['email', 'created_at', 'expires_at'], array['status', 'group_id']);
    -- the mail that its link goes with: of no interest to the trail
    alter table invitations add column mail_id uuid not null;
    create unique index invitations_pending on invitations (org_id, email) where status = 'pending' and deleted_at is null;
    create index invitations_mail on invitations (org_id, mail_id);
    create index invitations_person on invitations (org_id, user_id) where user_id is not null;
    create index invitations_inviter on invitations (org_id, invited_by);
    create index invitations_ending on invitations (expires_at) where status = 'pending';
    create index invitations_address on invitations (email) where status = 'pending';

    create table invitation_tokens (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      invitation_id uuid not null,
      token_hash bytea not null unique,
      used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id),
      foreign key (org_id, invitation_id) references invitations (org_id, id) on delete cascade
    );
    create index invitation_tokens_invitation on invitation_tokens (org_id, invitation_id);
    create trigger stamp before update on invitation_tokens for each row execute function app.stamp();
    do $$ begin
      perform app.tenant_table('invitation_tokens', ''), app.lookup_may('select, insert, update, delete', 'invitation_tokens'),
        app.lookup_may('select, insert, update', 'invitations');
    end $$;

    -- Sent anew, revoked or accepted: the links that were sent before end.
    create function app.end_invitation_links() returns trigger
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      delete from public.invitation_tokens t where t.org_id = new.org_id and t.invitation_id = new.id and t.used_at is null;
      return null;
    end $$;
    create trigger end_links after update on invitations for each row
      when (new.mail_id <> old.mail_id or new.status <> 'pending') execute function app.end_invitation_links();

    -- What somebody may now, if they may sign in at all; of a shadow, if its person may still enter. Null for nobody.
    create function app.standing_rights(person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; here public.users; home public.users;
    begin
      select * into here from public.users u where u.org_id = org and u.id = person;
      home := here;
      if here.shadow_of_user_id is not null then
        select u.* into home from public.users u join public.organizations o on o.id = u.org_id
        where u.org_id = here.shadow_of_org_id and u.id = here.shadow_of_user_id and o.kind = 'platform' and o.status = 'active';
        if not app.rights(home.org_id, home.id) -> 'permissions' ? 'organization:enter:all' then return null; end if;
      end if;
      -- a service account, of a later step, has no account to sign in with
      if home.status is distinct from 'active' or home.deleted_at is not null or to_jsonb(home) ->> 'kind' is distinct from 'service'
        and not exists (select from public.accounts a where a.id = home.account_id and a.status = 'active') then return null; end if;
      return app.rights(org, person) || jsonb_build_object('username', here.username, 'shadow', here.shadow_of_user_id is not null);
    end $$;

    -- Whether an address has an account, and whether somebody else's has that name.
    create function app.account_at(address text, login text) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if nullif(current_setting('app.org_id', true), '') is null then
        raise exception 'no organization is entered' using errcode = '42501';
      end if;
      return jsonb_build_object('known', exists (select from public.accounts a where a.email = address),
        'taken', exists (select from public.accounts a where app.fold(a.username) = app.fold(login) and a.email <> address));
    end $$;

    -- In how many milliseconds an organization can invite an address by mail: three times within an hour it can at once.
    create function app.invitation_wait(address text) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; third timestamptz;
    begin
      -- whoever comes at the same time waits for the mails that there are; of the first one, one invitation is pending
      perform from public.mails m
      where m.recipient = address and m.for_org_id = org and m.template = 'invitation' and m.created_at > now() - interval '1 hour'
      order by m.id for update;
      select m.created_at into third from public.mails m
      where m.recipient = address and m.for_org_id = org and m.template = 'invitation' and m.created_at > now() - interval '1 hour'
      order by m.created_at desc offset 2 limit 1;
      return coalesce(ceil(extract(epoch from third + interval '1 hour' - now()) * 1000), 0);
    end $$;

    -- What an invitation says, and its link: made by whoever sends it. Null where the mail is no longer to be sent.
    create function app.invitation_mail(mail uuid, hash bytea) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare entry public.invitations;
    begin
      perform app.refuse_inside();
      select i.* into entry from public.mails m join public.invitations i on i.org_id = m.for_org_id and i.mail_id = m.id
      where m.id = mail and m.status = 'queued' and m.recipient = i.email and i.status = 'pending' and i.deleted_at is null and i.expires_at > now()
      for update of i;
      if not found then return null; end if;
      insert into public.invitation_tokens (org_id, invitation_id, token_hash) values (entry.org_id, entry.id, hash);
      return jsonb_build_object('inviter', (
        select coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username) from public.users u
        where u.org_id = entry.org_id and u.id = entry.invited_by));
    end $$;

    -- What a link invites to, without using it up; null for one that is used, too old, or none at all. Known is whose
    -- account has a password, which they prove then; unproved, whose address or password is still what somebody else typed.
    create function app.invitation_lookup(token bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select jsonb_build_object('id', i.id, 'email', i.email, 'org', o.id, 'organization', o.name, 'slug', o.slug,
          'inviter', coalesce(nullif(btrim(w.first_name || ' ' || w.last_name), ''), w.username),
          'account', a.id, 'known', a.password_hash is not null,
          'unproved', a.password_hash is not null and (a.email_verified_at is null or a.password_given), 'renamable', a.id is null or a.id = u.account_id and a.password_hash is null,
          'username', coalesce(a.username, u.username), 'firstName', coalesce(u.first_name, ''), 'lastName', coalesce(u.last_name, ''))
        from public.invitation_tokens t
        join public.invitations i on i.org_id = t.org_id and i.id = t.invitation_id
        join public.organizations o on o.id = t.org_id and o.status = 'active'
        left join public.users w on w.org_id = i.org_id and w.id = i.invited_by
        left join public.users u on u.org_id = i.org_id and u.id = i.user_id
        left join public.accounts a on a.email = i.email
        where t.token_hash = token and t.used_at is null and i.status = 'pending' and i.expires_at > now() and i.deleted_at is null
          and a.status is distinct from 'disabled'
          and (i.user_id is null or u.status = 'invited' and u.deleted_at is null and u.email = i.email
            and (u.account_id is null or u.account_id = a.id)));
    end $$;

    -- Uses a link of the organization that is entered up, and answers the account that joins: a new one, one that gets
    -- its first password by it, or one whose password was just proved. Null where the link is no good (any more).
    create function app.take_invitation(token bytea, login text, hash text, proved_account uuid, proved timestamptz) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
      entry public.invitations; person public.users; known public.accounts;
    begin
      select i.* into entry from public.invitations i
      where i.org_id = org and i.id = (select t.invitation_id from public.invitation_tokens t where t.org_id = org and t.token_hash = token)
        and i.status = 'pending' and i.deleted_at is null and i.expires_at > now()
        and exists (select from public.organizations o where o.id = org and o.status = 'active') for update of i;
      if not found then return null; end if;
      if entry.user_id is not null then
        select u.* into person from public.users u where u.org_id = org and u.id = entry.user_id and u.status = 'invited'
          and u.deleted_at is null and u.email = entry.email for update of u;
        if not found then return null; end if;
      end if;
      select a.* into known from public.accounts a where a.email = entry.email for update of a;
      if known.status = 'disabled' or known.id is null and person.account_id is not null
        or known.id is not null and person.account_id is not null and person.account_id <> known.id
        or known.password_hash is null and hash is null
        or known.password_hash is not null and (proved_account is distinct from known.id or (known.control_changed_at <= proved) is false
          or known.email_verified_at is null or known.password_given) then
        return null;
      end if;
      update public.invitation_tokens t set used_at = now() where t.org_id = org and t.token_hash = token and t.used_at is null;
      if not found then return null; end if;
      if known.id is null then
        insert into public.accounts (username, email, password_hash, password_changed_at, email_verified_at, managed_by_org_id, last_org_id)
        values (login, entry.email, hash, clock_timestamp(), now(), org, org) returning * into known;
      else
        -- whoever has the link reads the mail
        if known.password_hash is null then perform app.end_control(known.id); end if;
        update public.accounts a set email_verified_at = coalesce(a.email_verified_at, now()), last_org_id = org,
          username = case when a.id = person.account_id and a.password_hash is null then login else a.username end,
          password_changed_at = case when a.password_hash is null then clock_timestamp() else a.password_changed_at end,
          password_hash = coalesce(a.password_hash, hash)
        where a.id = known.id returning * into known;
      end if;
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (known.id, 'invitation:accept', jsonb_build_object('org', org, 'invitation', entry.id), ctx ->> 'request', (ctx ->> 'ip')::inet);
      return jsonb_build_object('id', entry.id, 'email', entry.email, 'account', known.id, 'username', known.username);
    end $$;

    -- Somebody had a link that works, and who vouches for it may no longer give what it gives.
    create function app.note_refused_invitation(invitation uuid, because text) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      insert into public.events (org_id, actor_org_id, via, action, target_type, target_id, data, reason, request_id, ip)
      select org, org, coalesce(ctx ->> 'via', 'sql'), 'invitation:refuse', 'invitation', i.id, jsonb_build_object('after', jsonb_build_object('because', because)),
        ctx ->> 'reason', ctx ->> 'request', (ctx ->> 'ip')::inet
      from public.invitations i where i.org_id = org and i.id = invitation;
    end $$;

    -- The owner that an organization was made with, who has no password; the shadow of who made it vouches.
    create function app.invite_owner(target uuid) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      home uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      person uuid := app.platform_actor('organization:create:all');
      chief public.users; shadow uuid; mail uuid;
    begin
      select u.* into strict chief from public.users u
      where u.org_id = target and u.status = 'invited' and u.created_by is null and u.deleted_at is null;
      insert into public.users (org_id, username, email, first_name, last_name, locale, time_zone, deleted_at, shadow_of_org_id, shadow_of_user_id)
      select target, p.username, p.email, p.first_name, p.last_name, p.locale, p.time_zone, now(), p.org_id, p.id
      from public.users p where p.org_id = home and p.id = person returning id into shadow;
      insert into public.mails (for_org_id, template, language, recipient) values (target, 'invitation', coalesce(chief.locale, 'en'), chief.email)
      returning id into mail;
      insert into public.invitations (org_id, email, user_id, invited_by, created_by, mail_id)
      values (target, chief.email, chief.id, shadow, shadow, mail);
      perform app.queue_job('mail', jsonb_build_object('mail', mail), '{}', 0);
    end $$;

    -- What nobody accepted in time, so many at most; answers how many.
    create function app.tidy_invitations(most int) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare gone int;
    begin
      perform app.refuse_inside();
      perform set_config('app.context', '{"via": "job", "reason": "its time is over"}', true);
      update public.invitations set status = 'expired' where (org_id, id) in (
        select i.org_id, i.id from public.invitations i where i.status = 'pending' and i.expires_at <= now() limit most for update skip locked);
      get diagnostics gone = row_count;
      return gone;
    end $$;

    revoke all on function app.end_invitation_links() from public;
    do $$
    declare f text;
    begin
      perform app.give_to_lookup('app.end_invitation_links()');
      foreach f in array array['app.standing_rights(uuid)', 'app.account_at(text, text)', 'app.invitation_wait(text)',
        'app.invitation_mail(uuid, bytea)', 'app.invitation_lookup(bytea)', 'app.take_invitation(bytea, text, text, uuid, timestamptz)',
        'app.note_refused_invitation(uuid, text)', 'app.invite_owner(uuid)', 'app.tidy_invitations(int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.tidy_invitations(int), app.note_refused_invitation(uuid, text), app.invite_owner(uuid),
      app.take_invitation(bytea, text, text, uuid, timestamptz), app.invitation_lookup(bytea), app.invitation_mail(uuid, bytea),
      app.invitation_wait(text), app.account_at(text, text), app.standing_rights(uuid);
    drop table invitation_tokens;
    select app.drop_record_table('invitations');
    drop function app.end_invitation_links();
  `.execute(db)
}
