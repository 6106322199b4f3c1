import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`select app.record_table('vendors', 'vendor', $$
    name text not null check (name <> ''),
    email text collate "C",
    kind text not null collate "C" default 'goods' check (kind in ('goods', 'services')),
    rating int check (rating between 0 and 5),
    preferred boolean not null default false,
    since date,
    notes text not null default ''
  $$, searched => '{name, email}', sorts => '{name, created_at}', filters => '{kind, preferred}')`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`select app.drop_record_table('vendors')`.execute(db)
}
