-- owner: lookup; callers: app
-- The one that people register in.
create or replace function app.default_organization() returns uuid
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select id from public.organizations where is_default and status = 'active');
end $$;
