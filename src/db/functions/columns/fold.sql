-- owner: owner; callers: app, lookup
-- What is compared and sorted: no accents, no case. Plain comparison keeps its index under row security.
-- Europe’s letters as people type and sort them: src/db/fold.ts is the same for what the process folds.
create or replace function app.fold(value text) returns text language sql immutable parallel safe strict as $$
  select replace(replace(replace(replace(translate(
    lower(regexp_replace(normalize(value collate "default", NFKD), U&'[\0300-\036f\0483-\0487\1ab0-\1aff\1dc0-\1dff\20d0-\20ff\fe20-\fe2f]', '', 'g')),
    'łƚøđðɖħŧŋıȷĸƀǥɨƶʉɉɏȼɍəςґғҗҙқҡңөҫүұҳҷҹә‘’ʼʹʻ‐–—',
    'llodddhtnijkbgizujycraσггжзккносуухчча''''''''''---'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th') collate "C"
$$;
