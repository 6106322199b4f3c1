import { sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import { begun, inForce, latestEnd, strongestRole } from '#src/access/in-force.ts'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { email, normalised, password, personName, username } from '#src/domains/accounts/model.ts'
import { EMAIL } from '#src/locale/instructions.ts'
import { isLocale } from '#src/locale/locales.ts'
import { isZone } from '#src/locale/zones.ts'
import { defineResource, type RecordRow, type Related } from '#src/resource/entity.ts'
import { cellOfEntries } from '#src/resource/export.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { email as address } from '#src/resource/kinds/email.ts'
import { instant } from '#src/resource/kinds/instant.ts'
import { text } from '#src/resource/kinds/text.ts'

/** A person in one organization. Who shares a group with me is in my group's scope. */
export const user = defineModel('user', {
  table: 'users',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['id', 'owner_user_id'],
  group: [
    { table: 'group_members', key: 'user_id', of: 'id', column: 'group_id', begins: 'begins_at' },
    'owner_group_id',
  ],
})

declare module '#src/access/permission.ts' {
  interface Models {
    user: ActionsOf<typeof user>
  }
}

/** Service accounts act by keys alone: nobody signs in as one. */
export const kinds = ['person', 'service'] as const

export const statuses = ['active', 'invited', 'disabled'] as const

export const memberRoles = ['lead', 'member', 'viewer'] as const

/** A user as JSON and pages know it; the database makes it. */
export type UserRecord = {
  id: string
  kind: (typeof kinds)[number]
  username: string
  email: string
  first_name: string
  last_name: string
  avatar_url: string | null
  status: (typeof statuses)[number]
  /** Null: not chosen. */
  locale: string | null
  time_zone: string | null
  roles: { id: string; name: string; expires_at?: string }[]
  groups: { id: string; name: string; kind: string; role: (typeof memberRoles)[number] }[]
  last_login_at: string | null
  email_verified_at: string | null
  created_at: string
  updated_at: string
  deleted_at: string | null
  version: number
}

/** The same, or none: a service account has no address. */
const emailOrNone = z
  .string('Enter an e-mail address')
  .transform(normalised)
  .pipe(z.union([z.literal(''), z.email().max(254)], EMAIL))

/** What nobody has to choose; an empty field of a form is nothing. */
const chosenOrNot = (most: number, fits: (text: string) => boolean, message: string) =>
  z.preprocess(
    (sent) => (sent === '' ? null : sent),
    z
      .string(message)
      .trim()
      .refine((text) => text.length <= most && fits(text), message)
      .nullable(),
  )

const locale = chosenOrNot(35, isLocale, 'Choose a language and region like en-GB')

const timeZone = chosenOrNot(64, isZone, 'Choose a time zone like Europe/Vienna')

const several = <S extends z.ZodType>(item: S) =>
  z.preprocess(
    (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
    z.array(item).max(100),
  )

const membership = z.preprocess(
  (value) => (typeof value === 'string' ? { id: value } : value),
  z.strictObject({ id: z.uuid('Choose a group'), role: z.enum(memberRoles).default('member') }),
)

const profile = { first_name: personName, last_name: personName, locale, time_zone: timeZone }

export const newUser = z.strictObject({
  username,
  email,
  // an empty field of a form is none
  password: z.preprocess((value) => (value === '' ? undefined : value), password.optional()),
  first_name: personName.default(''),
  last_name: personName.default(''),
  role_ids: several(z.uuid('Choose a role')),
  groups: several(membership),
})

export type NewUser = z.infer<typeof newUser>

/** `PUT`: the whole record; `PATCH`: what is named. */
export const wholeUser = z.strictObject({
  username,
  email: emailOrNone,
  ...profile,
  status: z.enum(statuses),
})

export const someOfUser = wholeUser.partial()

export type UserChange = z.infer<typeof someOfUser>

export const ownProfile = z.strictObject(profile).partial()

const fullName = (table: string) => sql<string>`${sql.ref(`${table}.full_name`)}`

/** The roles and groups of a person: always one's own, those of others as far as the reader sees roles and groups. */
function belonging(actor: UserActor) {
  const seesRole = actor.find('role:read')?.where('r') ?? sql`false`
  const seesGroup = actor.find('group:read')?.where('g') ?? sql`false`
  const me = actor.userId
  return {
    avatar_url: sql`null::text`,
    roles: sql`(select coalesce(json_agg(json_strip_nulls(json_build_object('id', r.id, 'name', r.name, 'expires_at', ur.expires_at)) order by r.name), '[]')
      from (select ur.role_id, ${latestEnd('ur')} as expires_at from user_roles ur
        where ur.org_id = users.org_id and ur.user_id = users.id and ${inForce('ur')} group by ur.role_id) ur
      join roles r on r.org_id = users.org_id and r.id = ur.role_id
      where r.deleted_at is null and (users.id = ${me} or ${seesRole}))`,
    groups: sql`(select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'kind', g.kind, 'role', gm.role) order by g.name), '[]')
      from (select gm.group_id, ${strongestRole('gm')} as role from group_members gm
        where gm.org_id = users.org_id and gm.user_id = users.id and ${begun('gm')} group by gm.group_id) gm
      join groups g on g.org_id = users.org_id and g.id = gm.group_id
      where g.deleted_at is null and (users.id = ${me} or ${seesGroup}))`,
  }
}

/** Of who has just been made. */
export const belongingNowhere = {
  avatar_url: sql`null::text`,
  roles: sql`'[]'::json`,
  groups: sql`'[]'::json`,
} satisfies ReturnType<typeof belonging>

/** Who has a role or is in a group: oneself, and others as far as the reader sees roles and groups. */
const related = {
  role: {
    label: 'Role',
    of: 'role',
    rows: (
      actor,
      ids,
    ) => sql`select ur.user_id from user_roles ur join roles r on r.org_id = ur.org_id and r.id = ur.role_id
      where ur.role_id = any (${ids}::uuid[]) and ${inForce('ur')} and r.deleted_at is null
        and (ur.user_id = ${actor.userId} or ${actor.find('role:read')?.where('r') ?? sql`false`})`,
  },
  group: {
    label: 'Group',
    of: 'group',
    rows: (
      actor,
      ids,
    ) => sql`select gm.user_id from group_members gm join groups g on g.org_id = gm.org_id and g.id = gm.group_id
      where gm.group_id = any (${ids}::uuid[]) and ${begun('gm')} and g.deleted_at is null
        and (gm.user_id = ${actor.userId} or ${actor.find('group:read')?.where('g') ?? sql`false`})`,
  },
} satisfies Record<string, Related>

const notAlways = { output: z.string().nullable(), initial: null }

/** As files name them: see `readRow`. */
const inFile = {
  roles: (row: RecordRow) =>
    cellOfEntries(
      (row as unknown as UserRecord).roles.map(({ name, expires_at }) =>
        expires_at || name.includes('=') ? `${name}=${expires_at ?? ''}` : name,
      ),
    ),
  groups: (row: RecordRow) =>
    cellOfEntries(
      (row as unknown as UserRecord).groups.map(({ kind, name, role }) => `${kind}:${name}=${role}`),
    ),
}

export const users = defineResource(user, {
  path: '/users',
  one: 'person',
  many: 'people',
  icon: 'users',
  subtitle: 'Everyone in this organization you have access to.',
  title: {
    sql: fullName,
    of: (row) => `${row.first_name} ${row.last_name}`.trim() || String(row.username),
  },
  searched: true,
  // a shadow is deleted from its beginning, so only where deleted ones are shown it has to be left out
  baseFilter: (table, view) =>
    view && !view.filters.deleted ? sql`true` : sql`${sql.ref(`${table}.shadow_of_user_id`)} is null`,
  columns: {
    username: text('User name', { input: username, sortable: 'username' }),
    email: address('E-mail', { input: email, sortable: 'email' }),
    first_name: text('First name', { input: personName }),
    last_name: text('Last name', { input: personName }),
    status: choice('Status', statuses, {
      filterable: true,
      tones: { active: 'good', invited: 'info', disabled: 'plain' },
    }),
    kind: choice('Kind', kinds, {
      write: 'never',
      listed: false,
      labels: { person: 'Person', service: 'Service account' },
    }),
    locale: { ...text('Language and region', { input: locale }), ...notAlways },
    time_zone: { ...text('Time zone', { input: timeZone }), ...notAlways },
    last_login_at: instant('Last sign-in'),
    email_verified_at: instant('E-mail verified'),
  },
  sorts: { name: ['sort_name', 'text'] },
  related,
  defaultSort: 'name',
  more: belonging,
  moreAnswered: {
    avatar_url: z.string().nullable(),
    roles: z.array(
      z.strictObject({
        id: z.guid(),
        name: z.string(),
        expires_at: z.iso.datetime({ offset: true }).optional(),
      }),
    ),
    groups: z.array(
      z.strictObject({ id: z.guid(), name: z.string(), kind: z.string(), role: z.enum(memberRoles) }),
    ),
  },
  cells: inFile,
  attached: [{ type: 'user_role', needs: 'role:read' }],
  taken: {
    accounts_username_key: ['username', 'is already in use'],
    users_username: ['username', 'is already in use'],
    accounts_username_seen: ['username', 'looks like one that is already in use'],
    users_username_seen: ['username', 'looks like one that is already in use'],
    accounts_email_key: ['email', 'already has an account'],
    users_email: ['email', 'already has an account'],
  },
})
