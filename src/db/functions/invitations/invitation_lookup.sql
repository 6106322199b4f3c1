-- owner: lookup; callers: app
-- What a link invites to, without using it up; null for one that is used, too old, or none at all. Known is whose
-- account has a password, which they prove then; unproved, whose address or password is still what somebody else typed.
create or replace function app.invitation_lookup(token bytea) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return (select jsonb_build_object('id', i.id, 'email', i.email, 'org', o.id, 'organization', o.name, 'slug', o.slug,
      'inviter', w.full_name,
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
