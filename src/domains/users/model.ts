import { z } from 'zod'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { listQuery } from '#src/http/list.ts'

/** A person in one organization. Who shares a group with me is in my group's scope. */
export const user = defineModel('user', {
  table: 'users',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['id', 'owner_user_id'],
  group: [{ table: 'group_members', key: 'user_id', of: 'id', column: 'group_id' }, 'owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    user: ActionsOf<typeof user>
  }
}

export const statuses = ['active', 'invited', 'disabled'] as const
export const memberRoles = ['lead', 'member', 'viewer'] as const

/** A user as JSON and pages know it; the database makes it. */
export type UserRecord = {
  id: string
  username: string
  email: string
  first_name: string
  last_name: string
  avatar_url: string | null
  status: (typeof statuses)[number]
  locale: string
  time_zone: string
  roles: { id: string; name: string }[]
  groups: { id: string; name: string; kind: string; role: (typeof memberRoles)[number] }[]
  last_login_at: string | null
  email_verified_at: string | null
  created_at: string
  updated_at: string
  deleted_at: string | null
  version: number
}

export const userList = listQuery({
  sorts: {
    name: ['sort_name', 'text'],
    username: ['username', 'text'],
    email: ['email', 'text'],
    created_at: ['created_at', 'timestamptz'],
  },
  defaultSort: 'name',
  filters: { status: statuses, deleted: ['true'] },
})

/** How names and addresses are stored and looked up: one form for all their spellings. */
export const normalised = (text: string) => text.normalize('NFKC').trim().toLowerCase()

const line = (most: number) =>
  z
    .string()
    .trim()
    .max(most, `has at most ${most} characters`)
    .regex(/^\P{Cc}*$/u, 'has a control character')

export const username = z
  .string('is needed')
  .transform(normalised)
  .pipe(
    z
      .string()
      .min(1, 'is needed')
      .max(64, 'has at most 64 characters')
      .regex(
        /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u,
        'has letters, digits, dots, dashes and underscores, and begins with a letter or digit',
      ),
  )
export const email = z
  .string('is needed')
  .transform(normalised)
  .pipe(
    z
      .string()
      .min(1, 'is needed')
      .max(254, 'has at most 254 characters')
      .pipe(z.email('is no e-mail address')),
  )
const name = line(100)
const locale = line(35).regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'is no language tag like en or de-AT')
const timeZone = line(64).refine(
  (zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC',
  'is no time zone like Europe/Vienna',
)
/** Refused before hashing, never cut. The rules themselves are settings. */
export const password = z.string('is needed').max(1000, 'has at most 1000 characters')

const several = <S extends z.ZodType>(item: S) =>
  z.preprocess(
    (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
    z.array(item).max(100),
  )
const membership = z.preprocess(
  (value) => (typeof value === 'string' ? { id: value } : value),
  z.strictObject({ id: z.uuid('is no group'), role: z.enum(memberRoles).default('member') }),
)

const profile = { first_name: name, last_name: name, locale, time_zone: timeZone }

export const newUser = z.strictObject({
  username,
  email,
  // an empty field of a form is none
  password: z.preprocess((value) => (value === '' ? undefined : value), password.optional()),
  first_name: name.default(''),
  last_name: name.default(''),
  role_ids: several(z.uuid('is no role')),
  groups: several(membership),
})
export type NewUser = z.infer<typeof newUser>

/** `PUT`: the whole record; `PATCH`: what is named. */
export const wholeUser = z.strictObject({
  username,
  email,
  ...profile,
  status: z.enum(statuses, 'must be active, invited or disabled'),
})
export const someOfUser = wholeUser.partial()
export type UserChange = z.infer<typeof someOfUser>

export const ownProfile = z.strictObject(profile).partial()
