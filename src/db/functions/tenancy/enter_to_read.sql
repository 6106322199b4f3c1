-- owner: lookup; callers: app
-- The same for a transaction that only reads: it can't write, whatever its statement says.
create or replace function app.enter_to_read(org uuid, context text, timeout_ms int) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(current_setting('app.org_id', true), '') <> '' then
    raise exception 'an organization is already entered in this transaction' using errcode = '42501';
  end if;
  perform set_config('app.org_id', org::text, true), set_config('app.context', context, true),
    set_config('statement_timeout', timeout_ms::text, true), set_config('transaction_read_only', 'on', true);
end $$;
