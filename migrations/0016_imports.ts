import { type Kysely, sql } from 'kysely'

const SINCE = ' and u.xmin <> pg_current_xact_id()::xid'

const WORDS = `w where w <> ''`
const IN_ORDER = `${WORDS} order by 1, 2, 3, 4`

/**
 * What files of many rows pay for. A person who comes with roles and groups gets one version, not three: what this
 * very transaction wrote, nobody has seen yet; each version more is a row and an entry in every index. And words go
 * into their index in its order, which costs a quarter less.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    do $$
    declare f text;
    begin
      foreach f in array array['app.touch_user_roles()', 'app.touch_members()'] loop
        execute replace(pg_get_functiondef(f::regprocedure), 'in (select org_id, user_id from changed_rows)',
          ${sql.lit(`in (select org_id, user_id from changed_rows)${SINCE}`)});
      end loop;
      for f in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname ~ '^search(able$|_)' loop
        execute replace(pg_get_functiondef(f::regprocedure), ${sql.lit(`${WORDS};`)}, ${sql.lit(`${IN_ORDER};`)});
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    do $$
    declare f text;
    begin
      foreach f in array array['app.touch_user_roles()', 'app.touch_members()'] loop
        execute replace(pg_get_functiondef(f::regprocedure), ${sql.lit(SINCE)}, '');
      end loop;
      for f in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname ~ '^search(able$|_)' loop
        execute replace(pg_get_functiondef(f::regprocedure), ${sql.lit(IN_ORDER)}, ${sql.lit(WORDS)});
      end loop;
    end $$;
  `.execute(db)
}
