import { type Kysely, sql } from 'kysely'

const FOLD = (value: string) =>
  `create or replace function app.fold(value text) returns text language sql immutable parallel safe strict as
    $f$ select lower(regexp_replace(normalize(${value}, NFKD), '[\u0300-\u036f]', '', 'g')) collate "C" $f$;`

/** Finds letters beyond a to z: beside a column of collation C they were neither folded nor part of a word. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ${sql.raw(FOLD('value collate "default"'))}
    do $$
    declare f record;
    begin
      for f in select p.oid from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname ~ '^search(able$|_)' loop
        execute regexp_replace(pg_get_functiondef(f.oid), '\\), (''+\\[\\^\\[:alnum:)', ') collate "default", \\1', 'g');
      end loop;
    end $$;

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
    ${sql.raw(FOLD('value'))}
    do $$
    declare f record;
    begin
      for f in select p.oid from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname ~ '^search(able$|_)' loop
        execute replace(pg_get_functiondef(f.oid), ') collate "default", ', '), ');
      end loop;
    end $$;
  `.execute(db)
}
