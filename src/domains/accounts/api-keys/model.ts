import { sql } from 'kysely'
import { z } from 'zod'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { cidr } from '#src/http/ip-ranges.ts'
import { momentOrNever } from '#src/http/moment.ts'
import { wholeNumber } from '#src/locale/instructions.ts'
import { defineResource, type RecordRow } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { instant } from '#src/resource/kinds/instant.ts'
import { reference } from '#src/resource/kinds/reference.ts'
import { name as nameColumn, text } from '#src/resource/kinds/text.ts'

/** By which a program acts for somebody, with no more than was chosen. `delete` revokes it. */
const apiKey = defineModel('api_key', {
  table: 'api_keys',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['user_id'],
  group: [],
})

declare module '#src/access/permission.ts' {
  interface Models {
    api_key: ActionsOf<typeof apiKey>
  }
}

const statuses = ['active', 'expired', 'revoked'] as const

/** A key as JSON and pages know it; nothing tells its secret. */
export type KeyRecord = {
  id: string
  name: string
  user_id: string
  user: { id: string; name?: string }
  prefix: string
  status: (typeof statuses)[number]
  permissions: string[]
  allowed_addresses: string[]
  expires_at: string | null
  last_used_at: string | null
  last_used_ip: string | null
  /** The secret before the last rotation, while it works. */
  former: { prefix: string; expires_at: string } | null
  created_at: string
  revoked_at: string | null
  version: number
}

export const keyOf = (row: RecordRow) => row as unknown as KeyRecord

/** Several values, or a form's one text of them, by lines or commas. */
const several = <S extends z.ZodType>(item: S, least: number, most: number) =>
  z.preprocess(
    (sent) =>
      [sent ?? []]
        .flat()
        .flatMap((one) => (typeof one === 'string' ? one.split(/[\s,]+/).filter(Boolean) : [one])),
    z.array(item).min(least).max(most),
  )

const permissions = several(
  z
    .string()
    .max(200)
    .regex(/^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*:(all|group|own)$/, 'Choose permissions like user:read:own'),
  1,
  2000,
)
  .transform((codes) => [...new Set(codes)].sort())
  .meta({ description: 'What the key can do, within what its owner can. Each as model:action:scope.' })

// what is wrong with one of them stands at the field
const ipRanges = several(z.string(), 0, 100)
  .transform((ranges, context) =>
    ranges.map((range) => {
      const kept = cidr(range)
      const message = `Replace ${range.slice(0, 50)} by an address like 192.0.2.7 or 10.0.0.0/8`
      if (kept === null) context.addIssue({ code: 'custom', message })
      return kept ?? range
    }),
  )
  .transform((ranges) => [...new Set(ranges)])
  .meta({
    description: 'IP addresses or ranges like 10.0.0.0/8 that can use the key; empty for any.',
  })

const name = nameColumn()

export const newKey = z.strictObject({
  name: name.input as z.ZodType<string>,
  /** A service account that it is for; without one it is the maker's own. */
  user_id: z.preprocess(
    (sent) => (sent === '' ? undefined : sent),
    z.guid('Choose a service account').toLowerCase().optional(),
  ),
  permissions,
  allowed_addresses: ipRanges.default([]),
  expires_at: momentOrNever.default(null),
})

export const wholeKey = newKey.omit({ user_id: true })

export const someOfKey = z
  .strictObject({ ...wholeKey.shape, allowed_addresses: ipRanges, expires_at: momentOrNever })
  .partial()

export type NewKey = z.infer<typeof newKey>

export type KeyChange = z.infer<typeof someOfKey>

export const MAX_HOURS = 168

const HOURS = wholeNumber(0, MAX_HOURS)

export const rotation = z.strictObject({
  overlap_hours: z.coerce.number(HOURS).int(HOURS).min(0, HOURS).max(MAX_HOURS, HOURS).default(24),
})

const moment = z.iso.datetime({ offset: true })

export const apiKeys = defineResource(apiKey, {
  path: '/api-keys',
  one: 'API key',
  many: 'API keys',
  icon: 'key',
  adding: 'Create API key',
  subtitle: 'Let programs act for people and service accounts, with the permissions you choose.',
  title: 'name',
  soft: false,
  columns: {
    name,
    user_id: reference('Owner', 'user', { write: 'create', filterable: true }),
    prefix: text('Prefix', { write: 'never' }),
    status: choice('Status', statuses, {
      write: 'never',
      filterable: true,
      tones: { active: 'good', expired: 'warn', revoked: 'plain' },
      ends: { from: 'active', to: 'expired', at: 'expires_at' },
    }),
    expires_at: instant('Expires'),
    last_used_at: instant('Last used'),
    revoked_at: instant('Revoked', { listed: false }),
  },
  defaultSort: '-created_at',
  more: () => ({
    permissions: sql`api_keys.permissions`,
    allowed_addresses: sql`api_keys.allowed_addresses`,
    last_used_ip: sql`host(api_keys.last_used_ip)`,
    former: sql`case when api_keys.former_expires_at > now()
      then json_build_object('prefix', api_keys.former_prefix, 'expires_at', api_keys.former_expires_at) end`,
  }),
  moreAnswered: {
    permissions: z.array(z.string()),
    allowed_addresses: z.array(z.string()),
    last_used_ip: z.string().nullable(),
    former: z.strictObject({ prefix: z.string(), expires_at: moment }).nullable(),
  },
  cells: {
    permissions: (row) => keyOf(row).permissions.join('; '),
    allowed_addresses: (row) => keyOf(row).allowed_addresses.join('; '),
  },
})

/** The one answer that shows a secret. */
export const keyWithSecret = (apiKeys.record as z.ZodObject)
  .extend({ secret: z.string() })
  .meta({ id: 'api_key_with_secret' })

/** What a key may do just now, of what was chosen for it. */
export const keyEffect = z.strictObject({
  active: z.boolean(),
  /** Why it may do nothing at all. */
  reason: z.string().optional(),
  data: z.array(z.strictObject({ code: z.string(), description: z.string(), held: z.boolean() })),
})

export type KeyEffect = z.infer<typeof keyEffect>

export const made = {
  requiresRecentAuth: true,
  secret: true,
  body: newKey,
  answer: keyWithSecret,
  status: 201,
  otherStatuses: [403, 409],
} as const
