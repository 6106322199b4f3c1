import type { Clock } from '#src/locale/clock.ts'
import type { Resource } from '#src/resource/entity.ts'
import { fieldLabel, speaks, told } from '#src/resource/history/fields.ts'
import { happenings } from '#src/resource/history/happenings.ts'
import type { Change, Happening } from '#src/resource/history/query.ts'
import { History } from '#src/ui/history.tsx'
import { Panel } from '#src/ui/surface.tsx'

export type HistoryPanelProps = {
  resource: Resource
  entries: readonly Happening[]
  /** The reader's clock. */
  clock: Clock
  /** URL of earlier events. */
  more: string | null
  /** URL of the latest events, if these are earlier ones. */
  newest: string | null
}

/** Who did what to the record, newest first, field by field. */
export function HistoryPanel({ resource, entries, clock, more, newest }: HistoryPanelProps) {
  return (
    <Panel>
      <History
        more={more}
        newest={newest}
        clock={clock}
        entries={entries.map(({ created_at, actor, changes, ...entry }) => ({
          ...entry,
          at: created_at,
          who: actor && (actor.name ?? 'Someone'),
          title: sentence(entry.action),
          changes: changes
            .filter(({ field }) => speaks(field))
            .map((change) => ({
              field: fieldLabel(resource, change.field),
              from: side(resource, change, 'from', clock),
              to: side(resource, change, 'to', clock),
            })),
        }))}
      />
    </Panel>
  )
}

const verbs: Record<string, string> = {
  create: 'Added',
  update: 'Changed',
  delete: 'Deleted',
  restore: 'Restored',
  enter: 'Entered',
  leave: 'Left',
  refuse: 'Not accepted',
  'user_role:create': 'Role assigned',
  'user_role:update': 'Assignment changed',
  'user_role:delete': 'Role removed',
  'role_permission:create': 'Permission added',
  'role_permission:delete': 'Permission removed',
  'role_parent:create': 'Inheritance added',
  'role_parent:delete': 'Inheritance removed',
  'role:effect': 'People affected',
  'group_member:create': 'Member added',
  'group_member:update': 'Member’s role changed',
  'group_member:delete': 'Member removed',
}

/** "Changed", "Role given"; other events use the words of the trail. */
const sentence = (action: string) =>
  verbs[action] ?? verbs[action.split(':')[1] ?? ''] ?? happenings()[action] ?? 'Changed'

const side = (resource: Resource, change: Change, at: 'from' | 'to', clock: Clock) =>
  change[`${at}_name`] ?? told(resource, change.field, change[at], new Map(), clock)
