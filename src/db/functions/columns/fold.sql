-- owner: owner; callers: app, lookup
-- What is compared and sorted: no accents, no case. Plain comparison keeps its index under row security.
create or replace function app.fold(value text) returns text language sql immutable parallel safe strict as $$
  select lower(regexp_replace(normalize(value collate "default", NFKD), U&'[\0300-\036f]', '', 'g')) collate "C"
$$;
