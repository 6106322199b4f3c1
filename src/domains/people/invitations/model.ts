import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { type Obstacle, obstacleOf, obstacles } from '#src/domains/people/invitations/obstacle-queries.ts'
import { defineResource, type RecordRow } from '#src/resource/entity.ts'
import { cellOfEntries } from '#src/resource/export.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { email } from '#src/resource/kinds/email.ts'
import { instant } from '#src/resource/kinds/instant.ts'
import { reference } from '#src/resource/kinds/reference.ts'
import type { ListView } from '#src/resource/list/declaration.ts'

/** An invitation is whose who vouches for it: who made it, changed it or sent it last. */
const invitation = defineModel('invitation', {
  table: 'invitations',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['invited_by', 'owner_user_id'],
  group: ['group_id', 'owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    invitation: ActionsOf<typeof invitation>
  }
}

const statuses = ['pending', 'accepted', 'expired', 'revoked'] as const

type Named = { id: string; name?: string }

/** An invitation as JSON and pages know it; the database makes it. */
export type InvitationRecord = {
  id: string
  email: string
  status: (typeof statuses)[number]
  /** Why nobody can accept it just now. */
  obstacle: Obstacle | null
  /** Those that it assigns and that are there, as far as the reader sees roles. */
  roles: Required<Named>[]
  /** All that it assigns, whatever became of them. */
  role_ids: string[]
  group_id: string | null
  group: Named | null
  group_kind: string | null
  user_id: string | null
  user: Named | null
  invited_by: Named | null
  sent_at: string
  expires_at: string
  accepted_at: string | null
  deleted_at: string | null
  version: number
}
export const invitationOf = (row: RecordRow) => row as unknown as InvitationRecord

const columns = {
  email: email('E-mail', { required: true, write: 'create', sortable: 'sort_email' }),
  status: choice('Status', statuses, {
    write: 'never',
    filterable: true,
    tones: { pending: 'info', accepted: 'good', expired: 'warn' },
    ends: { from: 'pending', to: 'expired', at: 'expires_at' },
  }),
  group_id: reference('Group', 'group', { filterable: true }),
  user_id: reference('Person', 'user', { write: 'never', listed: false }),
  sent_at: instant('Sent'),
  expires_at: instant('Expires', { sortable: 'expires_at' }),
  accepted_at: instant('Accepted', { listed: false }),
}

/** What it gives, and whose it is, as far as the reader sees roles, groups and people. */
function attachedTo(actor: UserActor) {
  const seesRole = actor.find('role:read')?.where('r') ?? sql`false`
  const seesUser = actor.find('user:read')?.where('u') ?? sql`false`
  const seesGroup = actor.find('group:read')?.where('g') ?? sql`false`
  return {
    obstacle: obstacleOf('invitations', actor.userId),
    role_ids: sql`invitations.role_ids`,
    roles: sql`(select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name) order by r.sort_name, r.id), '[]')
      from roles r where r.org_id = invitations.org_id and r.deleted_at is null and ${seesRole}
        and (r.id = any(invitations.role_ids) or invitations.status <> 'accepted' and r.id in (
          select ur.role_id from user_roles ur where ur.org_id = invitations.org_id and ur.user_id = invitations.user_id)))`,
    group_kind: sql`(select g.kind from groups g where g.org_id = invitations.org_id and g.id = invitations.group_id and ${seesGroup})`,
    invited_by: sql`(select json_strip_nulls(json_build_object('id', u.id, 'name',
        case when u.id = ${actor.userId} or ${seesUser}
          then u.full_name end))
      from users u where u.org_id = invitations.org_id and u.id = invitations.invited_by)`,
  }
}

/** Those that nobody can accept as they are. */
const blocked = (table: string, view?: ListView): RawBuilder<SqlBool> =>
  view?.filters.blocked
    ? sql`${sql.ref(`${table}.status`)} = 'pending' and ${obstacleOf(table)} is not null`
    : sql`true`

const named = z.strictObject({ id: z.guid(), name: z.string().optional() })

export const invitations = defineResource(invitation, {
  path: '/invitations',
  one: 'invitation',
  many: 'invitations',
  icon: 'mail',
  adding: 'Invite people',
  subtitle: 'People you’ve invited and the access they’ll get.',
  title: 'email',
  defaultSort: '-created_at',
  searched: true,
  filters: { blocked: { kind: 'choice', values: ['true'], column: null } },
  baseFilter: blocked,
  columns,
  more: attachedTo,
  moreAnswered: {
    obstacle: z.enum(Object.keys(obstacles) as [Obstacle, ...Obstacle[]]).nullable(),
    roles: z.array(z.strictObject({ id: z.guid(), name: z.string() })),
    role_ids: z.array(z.guid()),
    group_kind: z.string().nullable(),
    invited_by: named.nullable(),
  },
  cells: {
    // what is gone, or not for the reader to see, is not left away: its invitation wouldn't come back as it was
    roles: (row) => {
      const { roles, role_ids } = invitationOf(row)
      const unnamed = role_ids.filter((id) => !roles.some((role) => role.id === id))
      return cellOfEntries([...roles.map(({ name }) => name), ...unnamed])
    },
    group: (row) => {
      const { group, group_kind, group_id } = invitationOf(row)
      return group?.name ? `${group_kind}:${group.name}` : (group_id ?? '')
    },
    invited_by: (row) => invitationOf(row).invited_by?.name ?? '',
  },
  taken: { invitations_pending: ['email', 'is already invited'] },
})

/** Several of a form, or a text with commas; an empty field of a form is none. */
const roleIds = z.preprocess(
  (sent) =>
    [sent ?? []].flat().flatMap((one) => (typeof one === 'string' ? one.split(',').filter(Boolean) : [one])),
  z.array(z.guid('Choose a role').toLowerCase()).max(100),
)
const group = columns.group_id.input as z.ZodType<string | null>
export const invitedEmail = columns.email.input as z.ZodType<string>

export const newInvitation = z.strictObject({
  email: invitedEmail,
  role_ids: roleIds,
  group_id: group.default(null),
})
export type NewInvitation = z.infer<typeof newInvitation>

const MAX_AT_ONCE = 1000

/** Addresses as they are pasted: one a line, or with commas; of `Ada Lovelace <ada@example.com>` what matters. */
const pasted = z.preprocess(
  (sent) => (typeof sent === 'string' ? emailsIn(sent) : sent),
  z
    .array(z.string().max(400))
    .min(1, 'Enter an e-mail address')
    .max(MAX_AT_ONCE, `Enter at most ${MAX_AT_ONCE} addresses`),
)

export const manyInvitations = newInvitation.omit({ email: true }).extend({ emails: pasted })
export type ManyInvitations = z.infer<typeof manyInvitations>

function emailsIn(text: string): string[] {
  const entries = text.split(/[,;\r\n]+/).flatMap((entry) => {
    const [, inner] = /<([^<>]*)>\s*$/.exec(entry) ?? []
    if (inner !== undefined) return [inner.trim()]
    return entry.includes('@') ? entry.trim().split(/\s+/) : [entry.trim()]
  })
  return [...new Set(entries)].filter(Boolean)
}

export const wholeInvitation = z.strictObject({ role_ids: roleIds, group_id: group.default(null) })
export const someOfInvitation = z.strictObject({ role_ids: roleIds.optional(), group_id: group.optional() })
export type InvitationChange = Partial<z.infer<typeof wholeInvitation>>

/** How each of many addresses fared. */
export type Invited = { email: string; status: 'done' | 'refused'; id?: string; reason?: string }
export const manyAnswer = z.strictObject({
  done: z.int(),
  refused: z.int(),
  results: z.array(
    z.strictObject({
      email: z.string(),
      status: z.enum(['done', 'refused']),
      id: z.guid().optional(),
      reason: z.string().optional(),
    }),
  ),
})
