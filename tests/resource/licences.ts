import { type Kysely, sql } from 'kysely'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { createApp, endpoints } from '#src/app.ts'
import { defineResource } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { date } from '#src/resource/kinds/date.ts'
import { email } from '#src/resource/kinds/email.ts'
import { flag } from '#src/resource/kinds/flag.ts'
import { instant } from '#src/resource/kinds/instant.ts'
import { integer } from '#src/resource/kinds/integer.ts'
import { ownership, reference } from '#src/resource/kinds/reference.ts'
import { tags } from '#src/resource/kinds/tags.ts'
import { text } from '#src/resource/kinds/text.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { type App, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const owner = here.owner as unknown as Kysely<unknown>

// What no vendor has: columns of every kind that are needed, sorted and filtered; a name of its own, given once and
// for good; further columns that make it somebody's or a group's; something that only the program notes.
export const licence = defineModel('licence', {
  table: 'licences',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['owner_user_id', 'reviewer_id'],
  group: ['owner_group_id', 'team_id'],
})

// And something without owners, which is gone for good when it is deleted.
const memo = defineModel('memo', {
  table: 'memos',
  actions: ['create', 'read', 'update', 'delete'],
  own: [],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    licence: ActionsOf<typeof licence>
    memo: ActionsOf<typeof memo>
  }
}

export const licences = defineResource(licence, {
  path: '/licences',
  one: 'licence',
  many: 'licences',
  icon: 'key',
  title: 'code',
  searched: true,
  defaultSort: '-expires',
  columns: {
    code: text('Code', { required: true, write: 'create', sortable: 'code', max: 40 }),
    plan: choice('Plan', ['basic', 'team', 'all'], {
      labels: { basic: 'Basic', team: 'Team', all: 'Everybody' },
      filterable: true,
    }),
    seats: integer('Seats', { required: true, min: 1, max: 1000, sortable: true, filterable: true }),
    expires: date('Expires', { required: true, sortable: true, filterable: true }),
    contact: email('Contact', { required: true }),
    active: flag('Active', { initial: true, filterable: true }),
    reviewer_id: reference('Reviewer', 'user', { filterable: true }),
    team_id: reference('Team', 'group', { listed: false }),
    remarks: text('Remarks', { rows: 3 }),
    labels: tags('Labels'),
    checked_at: instant('Checked', { filterable: true }),
    ...ownership,
  },
  taken: { licences_code: ['code', 'is taken'] },
})

export const memos = defineResource(memo, {
  path: '/memos',
  one: 'memo',
  many: 'memos',
  icon: 'file-text',
  title: { sql: (table) => sql`${sql.ref(`${table}.topic`)} || ${'!'}`, of: (row) => `${row.topic}!` },
  soft: false,
  columns: {
    topic: text('Topic', { sortable: true }),
    body: text('Body', { rows: 4 }),
  },
})

/** The route table with both. */
export const routes = [...endpoints, ...resourceRoutes(licences), ...resourceRoutes(memos)]

await sql`select app.record_table('licences', 'licence', $$
    code text not null collate "C" check (code <> ''),
    plan text not null collate "C" default 'basic' check (plan in ('basic', 'team', 'all')),
    seats int not null check (seats between 1 and 1000),
    expires date not null,
    contact text not null collate "C",
    active boolean not null default true,
    reviewer_id uuid,
    team_id uuid,
    remarks text not null default '',
    labels text[] not null default '{}',
    checked_at timestamptz,
    foreign key (org_id, reviewer_id) references users (org_id, id),
    foreign key (org_id, team_id) references groups (org_id, id)
  $$, searched => '{code, remarks}', sorts => '{expires, seats, created_at}', filters => '{plan, active, seats, expires, checked_at, reviewer_id}')`.execute(
  owner,
)
await sql`create unique index licences_code on licences (org_id, code) where deleted_at is null`.execute(
  owner,
)
await sql`select app.record_table('memos', 'memo', $$
    topic text not null default '',
    body text not null default ''
  $$, sorts => '{topic, created_at}', lasting => false)`.execute(owner)

/** The program with both. */
export const withLicences = (): App => createApp({ ...here, routes })
