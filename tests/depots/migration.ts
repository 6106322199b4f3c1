import { type Kysely, sql } from 'kysely'

/** A place, what lies beneath it by its own declaration alone, and what belongs to a group as well. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`select app.record_table('depots', 'depot', $$
    name text not null check (name <> '')
  $$, searched => '{name}', sorts => '{name, created_at}')`.execute(db)
  await sql`select app.record_table('shelves', 'shelf', $$
    name text not null check (name <> ''),
    depot_id uuid not null,
    foreign key (org_id, depot_id) references depots (org_id, id)
  $$, searched => '{name}', sorts => '{name, created_at}', filters => '{depot_id}')`.execute(db)
  await sql`select app.record_table('parcels', 'parcel', $$
    name text not null check (name <> ''),
    depot_id uuid not null,
    sender_group_id uuid,
    foreign key (org_id, depot_id) references depots (org_id, id),
    foreign key (org_id, sender_group_id) references groups (org_id, id)
  $$, searched => '{name}', sorts => '{name, created_at}', filters => '{depot_id}')`.execute(db)
  await sql`select app.record_table('parcel_documents', 'parcel_document', $$
    name text not null check (name <> ''),
    parcel_id uuid not null,
    foreign key (org_id, parcel_id) references parcels (org_id, id)
  $$, searched => '{name}', sorts => '{name, created_at}', filters => '{parcel_id}')`.execute(db)
}
