import { type Kysely, sql } from 'kysely'

const NO_MARKS = (value: string, marks: string) =>
  `lower(regexp_replace(normalize(${value}, NFKD), '[${marks}]', '', 'g'))`
const FOLD = (folded: string) =>
  `create or replace function app.fold(value text) returns text language sql immutable parallel safe strict as
    $f$ select ${folded} collate "C" $f$;`

/** Europe's letters as people type and sort them; src/db/fold.ts is the same for what the process folds. */
const NAMES = `replace(replace(replace(replace(translate(
      ${NO_MARKS('value collate "default"', '\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f')},
      'łƚøđðɖħŧŋıȷĸƀǥɨƶʉɉɏȼɍəςґғҗҙқҡңөҫүұҳҷҹә‘’ʼʹʻ‐–—',
      'llodddhtnijkbgizujycraσггжзккносуухчча''''''''''---'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')`

/**
 * Finds letters beyond a to z: beside a column of collation C they were neither folded nor part of a word. And no two
 * user names that people can't tell apart.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ${sql.raw(FOLD(NAMES))}
    do $$
    declare f record;
    begin
      for f in select p.oid from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname ~ '^search(able$|_)' loop
        execute regexp_replace(pg_get_functiondef(f.oid), '\\), (''+\\[\\^\\[:alnum:)', ') collate "default", \\1', 'g');
      end loop;
    end $$;

    create unique index accounts_username_seen on accounts (app.fold(username));
    create unique index users_username_seen on users (org_id, app.fold(username)) where deleted_at is null;

    alter table users disable trigger user;
    update users set username = username where sort_name ~ '[^\\x01-\\x7f]';
    alter table users enable trigger user;

    delete from search_words where model in ('user', 'role', 'permission', 'group');
    insert into search_words (org_id, model, word, record_id)
    select distinct t.org_id, t.model, left(w, 64), t.id from (
      select org_id, 'user' as model, id, username || ' ' || email || ' ' || first_name || ' ' || last_name as words from users
      union all select org_id, 'role', id, name || ' ' || description from roles
      union all select org_id, 'permission', id, code || ' ' || category || ' ' || description from permissions
      union all select org_id, 'group', id, name || ' ' || description from groups
    ) t, regexp_split_to_table(app.fold(t.words) collate "default", '[^[:alnum:]]+') w where w <> '';
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop index accounts_username_seen, users_username_seen;
    ${sql.raw(FOLD(NO_MARKS('value', '\u0300-\u036f')))}
    do $$
    declare f record;
    begin
      for f in select p.oid from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname ~ '^search(able$|_)' loop
        execute replace(pg_get_functiondef(f.oid), ') collate "default", ', '), ');
      end loop;
    end $$;
  `.execute(db)
}
