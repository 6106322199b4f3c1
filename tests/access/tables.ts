import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { DB } from '#src/db/types.ts'

export type Row = Record<string, unknown>

/** Puts rows into their tables with a statement each, whatever their number. */
export async function insertAll(tx: Kysely<DB>, rows: ReadonlyMap<string, Row[]>): Promise<void> {
  for (const [table, columns] of Object.entries(TABLES))
    await insert(tx, table, columns, rows.get(table) ?? [])
}

// in the order of their references
const TABLES: Record<string, string> = {
  organizations: 'id uuid, name text, slug text',
  accounts: 'id uuid, username text, email text',
  groups:
    'org_id uuid, id uuid, kind text, name text, parent_id uuid, owner_group_id uuid, deleted_at timestamptz',
  users:
    'org_id uuid, id uuid, account_id uuid, username text, email text, status text, deleted_at timestamptz, owner_user_id uuid, owner_group_id uuid',
  group_members: 'org_id uuid, user_id uuid, group_id uuid, role text, source text, begins_at timestamptz',
  permissions: 'org_id uuid, id uuid, model text, action text, scope text, status text',
  roles: 'org_id uuid, id uuid, name text, status text, deleted_at timestamptz',
  role_permissions: 'org_id uuid, role_id uuid, permission_id uuid',
  role_parents: 'org_id uuid, role_id uuid, parent_id uuid',
  user_roles:
    'org_id uuid, user_id uuid, role_id uuid, source text, begins_at timestamptz, expires_at timestamptz',
  sessions:
    'org_id uuid, id uuid, account_id uuid, user_id uuid, kind text, token_hash bytea, idle_timeout interval, expires_at timestamptz',
  api_keys: 'org_id uuid, id uuid, user_id uuid, name text, prefix text, hash bytea, permissions text[]',
  invitations:
    'org_id uuid, id uuid, email text, role_ids uuid[], mail_id uuid, invited_by uuid, group_id uuid, owner_user_id uuid, owner_group_id uuid, deleted_at timestamptz',
  depots: 'org_id uuid, id uuid, name text, owner_user_id uuid, owner_group_id uuid, deleted_at timestamptz',
  shelves: 'org_id uuid, id uuid, name text, depot_id uuid, deleted_at timestamptz',
  parcels:
    'org_id uuid, id uuid, name text, depot_id uuid, sender_group_id uuid, owner_user_id uuid, owner_group_id uuid, deleted_at timestamptz',
  parcel_documents: 'org_id uuid, id uuid, name text, parcel_id uuid, deleted_at timestamptz',
}

async function insert(tx: Kysely<DB>, table: string, columns: string, rows: Row[]): Promise<void> {
  // depots and what lies beneath them are there where a test has made their tables
  if (!rows.length) return
  const names = columns.split(', ').map((column) => sql.ref(column.split(' ', 1)[0] as string))
  const typed: RawBuilder<unknown> = sql.raw(columns)
  await sql`insert into ${sql.table(table)} (${sql.join(names)})
    select ${sql.join(names)} from json_to_recordset(${JSON.stringify(rows)}::json) as given(${typed})`.execute(
    tx,
  )
}
