import { z } from 'zod'
import { type Cause, causeKinds } from '#src/access/cause.ts'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { type ListView, listQuery } from '#src/resource/list/declaration.ts'

/** What happened: the audit trail. It is written by the database alone. */
const event = defineModel('event', {
  table: 'events',
  actions: ['read', 'export'],
  own: ['actor_user_id'],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    event: ActionsOf<typeof event>
  }
}

export const channels = ['web', 'api', 'cli', 'job', 'system', 'sql'] as const

type Fields = Record<string, unknown>

/** An event as JSON and pages know it; names as far as the reader may see them. */
export type EventRecord = {
  id: string
  /** Grows with every event of the installation. */
  seq: number
  created_at: string
  action: string
  via: string
  actor: { id: string; name?: string; organization_id?: string } | null
  impersonator: { id: string; name?: string } | null
  /** The API key that the actor used. */
  api_key: { id: string; name?: string } | null
  target: { type: string; id: string | null; name?: string }
  reason: string | null
  request_id: string | null
  session_id: string | null
  /** What else was done by the same act. */
  cause_id: string | null
  cause_kind: Cause['kind'] | null
  ip: string | null
  data: { before?: Fields; after?: Fields } & Fields
}

/** What the same act did besides, the first of it; and how much it did in all, or at least where it is `capped`. */
export type Act = { beside: EventRecord[]; total: number; capped: boolean }

const somebody = z.strictObject({ id: z.guid(), name: z.string().optional() })
export const eventRecord = z
  .strictObject({
    id: z.guid(),
    seq: z.int().meta({ description: 'Grows with every event of the installation: the order of events.' }),
    created_at: z.iso.datetime({ offset: true }),
    action: z.string(),
    via: z.string(),
    actor: somebody.extend({ organization_id: z.guid().optional() }).nullable(),
    impersonator: somebody.nullable(),
    api_key: somebody.nullable(),
    target: z.strictObject({ type: z.string(), id: z.guid().nullable(), name: z.string().optional() }),
    reason: z.string().nullable(),
    request_id: z.string().nullable(),
    session_id: z.guid().nullable(),
    cause_id: z
      .guid()
      .nullable()
      .meta({ description: 'Alike for all that one request, import, bulk action, job or command did.' }),
    cause_kind: z.enum(causeKinds).nullable(),
    ip: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'event' })

const has = ({ filters }: ListView, ...names: string[]) => names.some((name) => filters[name])

/** Every filter has its index; what has none goes only with one that has. */
export const eventList = listQuery({
  sorts: { created_at: ['created_at', 'timestamptz'] },
  defaultSort: '-created_at',
  // of one statement, several have the same time
  tie: 'seq',
  filters: {
    action: { kind: 'text' },
    actor_user_id: { kind: 'uuid' },
    // a user name or an address, as people have it
    actor: { kind: 'text', column: null },
    target_type: { kind: 'text' },
    target_id: { kind: 'uuid' },
    via: channels,
    request_id: { kind: 'text' },
    cause_id: { kind: 'uuid' },
    created_at: { kind: 'instant' },
  },
})
  .refine((view) => !has(view, 'target_id') || has(view, 'target_type'), {
    path: ['target_id'],
    message: 'Add target_type: this goes only together with it',
  })
  .refine(
    (view) =>
      !has(view, 'request_id') ||
      has(view, 'actor', 'actor_user_id', 'created_at', 'created_at.gte', 'created_at.gt'),
    {
      path: ['request_id'],
      message: 'Add an actor, or a time from which on to look (created_at.gte)',
    },
  )
