import type { Clock } from '#src/locale/clock.ts'
import { type Change, Difference } from '#src/ui/difference.tsx'
import { EmptyState } from '#src/ui/feedback.tsx'
import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import { Time } from '#src/ui/time.tsx'

interface HistoryEntry {
  id: string
  at: string
  who: Child
  via: string
  action: string
  title: Child
  reason?: string | null
  request_id?: string | null
  changes: readonly Change[]
}

export interface HistoryProps {
  entries: readonly HistoryEntry[]
  clock: Clock
  /** Address of the earlier ones. */
  more?: string | null
  /** Address of the latest, where these are earlier ones. */
  newest?: string | null
}

const channels: Record<string, string> = {
  web: 'in a browser',
  api: 'through the API',
  job: 'by a job',
  cli: 'from the command line',
  sql: 'in the database',
}

const signs: Record<string, string> = {
  create: 'plus',
  update: 'pencil',
  delete: 'trash-2',
  restore: 'rotate-ccw',
}

/** What happened, the newest first: who, when, through what, and which fields from what to what. */
export function History({ entries, clock, more, newest }: HistoryProps) {
  if (!entries.length && newest)
    return (
      <EmptyState icon="history" title="Nothing earlier">
        <a class="button plain" href={newest}>
          Latest
        </a>
      </EmptyState>
    )
  if (!entries.length) return <EmptyState icon="history" title="Nothing has happened yet" />
  return (
    <>
      <ol class="history">
        {entries.map((entry) => (
          <Entry {...entry} clock={clock} />
        ))}
      </ol>
      {more ? (
        <p class="history-more">
          <a href={more}>Earlier</a>
        </p>
      ) : null}
    </>
  )
}

function Entry({
  id,
  at,
  who,
  via,
  action,
  title,
  reason,
  request_id,
  changes,
  clock,
}: HistoryEntry & { clock: Clock }) {
  return (
    <li id={`event-${id}`}>
      <Icon name={signs[action.split(':')[1] ?? ''] ?? 'activity'} />
      <p class="history-title">{title}</p>
      <p class="history-by">
        {who ?? (via === 'seed' ? 'Demo data' : 'The system')}, <Time at={at} clock={clock} />
        {via === 'seed' ? null : `, ${channels[via] ?? via}`}
        {request_id ? (
          <>
            , request <code>{request_id}</code>
          </>
        ) : null}
      </p>
      {reason ? <blockquote>{reason}</blockquote> : null}
      <Difference changes={changes} />
    </li>
  )
}
