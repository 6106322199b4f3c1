import { type Clock, spoken } from '#src/platform/clock.ts'
import type { Change, Happening } from '#src/resource/history.ts'
import type { Resource } from '#src/resource/resource.ts'
import { capital } from '#src/resource/views/cell.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { History } from '#src/ui/history.tsx'
import { Panel } from '#src/ui/surface.tsx'

export type HistoryPanelProps = {
  resource: Resource
  entries: readonly Happening[]
  frame: Frame
  /** Address of the earlier ones. */
  more: string | null
}

/** Who did what to the record, the newest first, field by field. */
export function HistoryPanel({ resource, entries, frame, more }: HistoryPanelProps) {
  return (
    <Panel>
      <History
        more={more}
        clock={frame.clock}
        entries={entries.map(({ created_at, actor, changes, ...entry }) => ({
          ...entry,
          at: created_at,
          who: actor && (actor.name ?? 'Somebody'),
          title: sentence(entry.action),
          changes: changes.filter(speaks).map((change) => ({
            field: label(resource, change.field),
            from: told(change, 'from', frame.clock),
            to: told(change, 'to', frame.clock),
          })),
        }))}
      />
    </Panel>
  )
}

/** Ids of what has no page and no name say nothing to people. */
const speaks = ({ field }: Change) => field !== 'account_id'

const verbs: Record<string, string> = {
  create: 'Added',
  update: 'Changed',
  delete: 'Deleted',
  restore: 'Restored',
  enter: 'Entered',
  leave: 'Left',
  refuse: 'Not accepted',
  'user_role:create': 'Role given',
  'user_role:update': 'Assignment changed',
  'user_role:delete': 'Role taken',
  'role_permission:create': 'Permission added',
  'role_permission:delete': 'Permission removed',
  'role_parent:create': 'Inheritance added',
  'role_parent:delete': 'Inheritance removed',
  'role:effect': 'People affected',
  'group_member:create': 'Member added',
  'group_member:update': 'Member’s role changed',
  'group_member:delete': 'Member removed',
}

/** "Changed", "Role given"; what isn't known keeps its name. */
const sentence = (action: string) => verbs[action] ?? verbs[action.split(':')[1] ?? ''] ?? action

const label = ({ columns }: Resource, field: string) =>
  columns[field]?.label ?? capital(field.replace(/_id(s?)$/, '$1').replaceAll('_', ' '))

function told(change: Change, side: 'from' | 'to', clock: Clock): string | null | undefined {
  const value = change[`${side}_name`] ?? change[side]
  if (value === undefined || value === null) return value
  if (change.field === 'gains' || change.field === 'loses')
    return Object.entries(value)
      .map(([permission, people]) => `${permission} (${people})`)
      .join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : spoken(String(value), clock)
}
