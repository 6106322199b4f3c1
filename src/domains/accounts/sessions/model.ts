import { sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { device } from '#src/domains/accounts/device.ts'
import { defineResource } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { instant } from '#src/resource/kinds/instant.ts'
import { text } from '#src/resource/kinds/text.ts'

const session = defineModel('session', {
  table: 'sessions',
  actions: ['read', 'delete'],
  own: ['user_id'],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    session: ActionsOf<typeof session>
  }
}

/** A session as JSON and pages know it. */
export type SessionRecord = {
  id: string
  user: { id: string; username?: string; name?: string }
  kind: 'browser' | 'token' | 'impersonation'
  ip: string | null
  user_agent: string
  created_at: string
  last_seen_at: string
  expires_at: string
  current: boolean
}

/** How many ended. */
export const endedSessions = z.strictObject({ ended: z.int() })

const ids = z.array(z.uuid()).min(1).max(1000)
/** Which sessions to end: some, or all of a person. */
export const sessionsToEnd = z.strictObject({
  ids: z.preprocess((value) => (typeof value === 'string' ? [value] : value), ids).optional(),
  user_id: z.uuid().optional(),
})
/** The same in an address, since many clients send no body with DELETE. */
export const sessionsNamed = z.strictObject({
  ids: z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(z.uuid()).max(1000))
    .optional()
    .meta({
      type: 'array',
      items: { type: 'string', format: 'uuid' },
      description: 'The sessions to sign out, separated by commas.',
    }),
  user_id: z
    .union([z.uuid(), z.literal('')])
    .optional()
    .meta({ type: 'string', format: 'uuid', description: 'Sign out all sessions of this person.' }),
})

/** Of one's own: all but the one that asks, or that, too. */
export const ownSessionsToEnd = z.strictObject({ which: z.enum(['others', 'all']) })

/** Sessions that are open: not ended, not run out. */
export const open = (
  table: string,
) => sql<boolean>`(${sql.ref(`${table}.revoked_at`)} is null and ${sql.ref(`${table}.expires_at`)} > now()
  and ${sql.ref(`${table}.last_seen_at`)} + ${sql.ref(`${table}.idle_timeout`)} > now())`

/** Which session is the reader's now, and whose names they may see. */
function sessionJson(actor: UserActor) {
  const seen = actor.find('user:read')?.where('u') ?? sql`false`
  return sql<string>`json_build_object(
    'id', sessions.id,
    'user', (select case when u.id = ${actor.userId} or ${seen}
      then json_build_object('id', u.id, 'username', u.username, 'name', u.full_name)
      else json_build_object('id', u.id) end
      from users u where u.org_id = sessions.org_id and u.id = sessions.user_id),
    'kind', sessions.kind, 'ip', host(sessions.ip), 'user_agent', sessions.user_agent,
    'created_at', sessions.created_at, 'last_seen_at', sessions.last_seen_at, 'expires_at', sessions.expires_at,
    'current', sessions.id = ${actor.identity.sessionId})::text`
}

const kinds = ['browser', 'token', 'impersonation'] as const
const moment = z.iso.datetime({ offset: true })

export const sessions = defineResource(session, {
  path: '/sessions',
  one: 'session',
  many: 'sessions',
  icon: 'monitor-smartphone',
  subtitle: 'Who is signed in, from where.',
  title: {
    sql: (table) => sql<string>`${sql.ref(`${table}.user_agent`)}`,
    of: (row) =>
      `${(row.user as SessionRecord['user']).name ?? 'Someone'}, ${device(String(row.user_agent))}`,
  },
  soft: false,
  baseFilter: open,
  columns: {
    kind: choice('Kind', kinds, { write: 'never', filterable: true }),
    ip: text('IP address', { write: 'never' }),
    user_agent: text('Browser', { write: 'never' }),
    last_seen_at: instant('Last seen', { sortable: true }),
    created_at: instant('Signed in', { sortable: true }),
    expires_at: instant('Expires', { sortable: true }),
  },
  defaultSort: '-last_seen_at',
  cells: { user: (row) => (row.user as SessionRecord['user']).username ?? '' },
  json: sessionJson,
  answered: z.strictObject({
    id: z.guid(),
    user: z.strictObject({ id: z.guid(), username: z.string().optional(), name: z.string().optional() }),
    kind: z.enum(kinds),
    ip: z.string().nullable(),
    user_agent: z.string(),
    created_at: moment,
    last_seen_at: moment,
    expires_at: moment,
    current: z.boolean(),
  }),
})

export const ownSessionList = z.strictObject({ data: z.array(sessions.record) })
