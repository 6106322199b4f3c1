import type { Change, Happening } from '#src/resource/history.ts'
import type { Resource } from '#src/resource/resource.ts'
import { capital } from '#src/resource/views/cell.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

/** Who did what to the record, the newest first, field by field. */
export function HistoryPanel({
  resource,
  entries,
  more,
}: {
  resource: Resource
  entries: readonly Happening[]
  more: string | null
}) {
  return (
    <Panel>
      <ol class="plain-list">
        {entries.map((entry) => (
          <li>
            <p>
              <strong>{entry.actor?.name ?? (entry.actor ? 'Somebody' : 'The system')}</strong>{' '}
              {entry.action.replace(':', ' ')} <Time at={entry.created_at} />
            </p>
            <ul>
              {entry.changes.map((change) => (
                <li>
                  {resource.columns[change.field]?.label ?? capital(change.field.replaceAll('_', ' '))}:{' '}
                  {told(change, 'from')} → {told(change, 'to')}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {more ? <a href={more}>Earlier</a> : null}
    </Panel>
  )
}

const told = (change: Change, side: 'from' | 'to') => {
  const value = change[`${side}_name`] ?? change[side]
  return value === undefined || value === null || value === ''
    ? '–'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)
}
