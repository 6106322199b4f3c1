-- owner: owner; callers: app, lookup
-- What is searched: folded, and once more with ä, ö, ü, å and ø spelled out, where there is one. Müller is found as muller
-- and as mueller; order and uniqueness know the first alone.
create or replace function app.found_by(value text) returns text language sql immutable parallel safe strict as $$
  select app.fold(value) || case when letters ~ '[äöüåø]'
    then ' ' || app.fold(replace(replace(replace(replace(replace(letters, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'å', 'aa'), 'ø', 'oe')) else '' end
  from (select lower(normalize(value collate "default", NFC))) l(letters)
$$;
