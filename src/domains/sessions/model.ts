import { z } from 'zod'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { listQuery } from '#src/http/list.ts'

export const session = defineModel('session', {
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

export const sessionList = listQuery({
  sorts: {
    last_seen_at: ['last_seen_at', 'timestamptz'],
    created_at: ['created_at', 'timestamptz'],
    expires_at: ['expires_at', 'timestamptz'],
  },
  defaultSort: '-last_seen_at',
  filters: { kind: ['browser', 'token', 'impersonation'] },
})

/** Which sessions to end: some, or all of a person. */
export const sessionsToEnd = z
  .strictObject({
    ids: z
      .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.uuid()).max(1000))
      .optional(),
    user_id: z.uuid().optional(),
  })
  .refine(({ ids, user_id }) => (ids?.length ?? 0) > 0 || user_id, 'names neither ids nor user_id')

/** "Chrome on Linux" out of what the browser says of itself. */
export function device(userAgent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(userAgent)?.[1]
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(userAgent)?.[1]
  const named = { Edg: 'Edge', OPR: 'Opera' }[browser ?? ''] ?? browser ?? userAgent.split(/[ /]/, 1)[0]
  return [named || 'Unknown', system?.replace('Mac OS X', 'macOS')].filter(Boolean).join(' on ')
}
