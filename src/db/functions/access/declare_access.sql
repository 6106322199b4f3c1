-- owner: lookup; callers: app
-- What the code declares from now on; answers whether that is anything else than before.
create or replace function app.declare_access(declared jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare digest bytea := sha256(convert_to(declared::text, 'UTF8'));
begin
  perform app.refuse_inside();
  perform pg_advisory_xact_lock(hashtextextended('access_declarations', 0));
  if digest = (select d.hash from public.access_declarations d order by d.valid_from desc limit 1) then return false; end if;
  insert into public.access_declarations (hash, document) values (digest, declared);
  return true;
end $$;
