import { device } from '#src/domains/accounts/device.ts'
import type { SessionRecord } from '#src/domains/accounts/sessions/model.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, Facts } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

export const kinds = { browser: 'Browser', token: 'Program', impersonation: 'Impersonation' }
const session = (row: RecordRow) => row as unknown as SessionRecord
const nameOf = (row: RecordRow) => session(row).user.name ?? 'Someone'

/** The list's columns: whose session it is leads to it. */
export const listColumns = (frame: Frame): Column<RecordRow>[] => [
  { key: 'user', label: 'Person', href: (row) => frame.path(paths.session(row.id)), cell: nameOf },
  { key: 'device', label: 'Device', cell: (row) => device(session(row).user_agent) },
  { key: 'ip', label: 'IP address', cell: (row) => session(row).ip },
  {
    key: 'kind',
    label: 'Kind',
    cell: (row) =>
      session(row).current ? Badge({ tone: 'good', children: 'This device' }) : kinds[session(row).kind],
  },
  {
    key: 'last_seen_at',
    label: 'Last seen',
    sortable: 'descending',
    cell: (row) => Time({ at: session(row).last_seen_at, clock: frame.clock }),
  },
  {
    key: 'created_at',
    label: 'Signed in',
    sortable: 'descending',
    cell: (row) => Time({ at: session(row).created_at, clock: frame.clock }),
  },
  {
    key: 'expires_at',
    label: 'Expires',
    sortable: true,
    cell: (row) => Time({ at: session(row).expires_at, clock: frame.clock }),
  },
]

/** Whose it is. */
export function PersonPanel({ row, frame }: { row: RecordRow; frame: Frame }) {
  const { id } = session(row).user
  return (
    <Panel title="Person">
      <Facts items={[{ label: 'Name', value: <a href={frame.path(paths.user(id))}>{nameOf(row)}</a> }]} />
    </Panel>
  )
}

/** Ends the session; the own one by a plain page load, since it leads to the sign-in page. */
export function EndButton({ row, frame }: { row: RecordRow; frame: Frame }) {
  const { current, user_agent } = session(row)
  return (
    <ConfirmButton
      id={`end-${row.id}`}
      action={frame.path(paths.session(row.id))}
      method="delete"
      csrfToken={frame.csrfToken}
      label="Sign out"
      icon="log-out"
      title={current ? 'Sign out here?' : `Sign out ${device(user_agent)}?`}
      text="Anyone using it has to sign in again."
      confirm={current ? 'Sign out here' : 'Sign out device'}
      leaves={current}
    />
  )
}
