import { type Kysely, sql } from 'kysely'

const SINCE = ' and u.xmin <> pg_current_xact_id()::xid'

/**
 * A person who comes with roles and groups gets one version, not three: what this very transaction wrote, nobody has
 * seen yet. Each version more is a row and an entry in every index, which files of people pay for.
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
    end $$;
  `.execute(db)
}
