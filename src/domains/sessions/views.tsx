import type { Page } from '#src/db/paging.ts'
import { device, type SessionRecord } from '#src/domains/sessions/model.ts'
import type { Screen } from '#src/http/endpoint.ts'
import type { ListView } from '#src/http/list.ts'
import { paths } from '#src/paths.ts'
import { address } from '#src/ui/address.ts'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, EmptyState, Facts } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Pager } from '#src/ui/pager.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { Toolbar } from '#src/ui/toolbar.tsx'

const kinds = { browser: 'Browser', token: 'Token', impersonation: 'Impersonation' }
const nameOf = (session: SessionRecord) => session.user.name ?? 'Somebody'

const columns = (frame: Frame): Column<SessionRecord>[] => [
  { key: 'user', label: 'Person', href: (session) => frame.path(paths.session(session.id)), cell: nameOf },
  { key: 'device', label: 'Device', cell: (session) => device(session.user_agent) },
  { key: 'ip', label: 'Address', cell: (session) => session.ip },
  {
    key: 'kind',
    label: 'Kind',
    cell: (session) =>
      session.current ? Badge({ tone: 'good', children: 'This one' }) : kinds[session.kind],
  },
  {
    key: 'last_seen_at',
    label: 'Last seen',
    sortable: 'descending',
    cell: (session) => Time({ at: session.last_seen_at }),
  },
  {
    key: 'created_at',
    label: 'Began',
    sortable: 'descending',
    cell: (session) => Time({ at: session.created_at }),
  },
  { key: 'expires_at', label: 'Ends', sortable: true, cell: (session) => Time({ at: session.expires_at }) },
]

export function listScreen(
  found: Page<SessionRecord>,
  view: ListView,
  mayEnd: boolean,
  frame: Frame,
): Screen {
  const kind = view.filters.kind?.join(',') ?? null
  const path = frame.path(paths.sessions)
  const here = address(path, { kind: kind ?? undefined, sort: view.sort })
  const rows = found.rows()
  const filters = [
    {
      name: 'kind',
      label: 'Kind',
      value: kind,
      options: Object.entries(kinds).map(([value, label]) => ({ value, label })),
    },
  ]
  return {
    title: 'Sessions',
    lead: mayEnd ? 'Who is signed in, from where. Open one to end it.' : 'Who is signed in, from where.',
    children: (
      <>
        <Toolbar path={path} address={here} filters={filters} keep={{ sort: view.sort }} />
        <Table
          label="Sessions"
          columns={columns(frame)}
          rows={rows}
          rowKey={(session) => session.id}
          address={here}
          sort={view.sort}
          empty={<EmptyState icon="monitor-smartphone" title="No open sessions" />}
        />
        <Pager
          address={here}
          next={found.next}
          previous={found.previous}
          shown={rows.length}
          total={found.total}
          capped={found.capped}
        />
      </>
    ),
  }
}

export function sessionScreen(session: SessionRecord, mayEnd: boolean, frame: Frame): Screen {
  return {
    title: `${nameOf(session)}, ${device(session.user_agent)}`,
    lead: session.current ? 'The session you are using now.' : kinds[session.kind],
    trail: [{ label: 'Sessions', href: frame.path(paths.sessions) }],
    actions: mayEnd ? <EndButton session={session} frame={frame} /> : null,
    children: (
      <Panel title="Session">
        <Facts
          items={[
            {
              label: 'Person',
              value: <a href={frame.path(paths.user(session.user.id))}>{nameOf(session)}</a>,
            },
            { label: 'Kind', value: kinds[session.kind] },
            { label: 'Address', value: session.ip },
            { label: 'Browser', value: session.user_agent },
            { label: 'Began', value: <Time at={session.created_at} /> },
            { label: 'Last seen', value: <Time at={session.last_seen_at} /> },
            { label: 'Ends', value: <Time at={session.expires_at} /> },
          ]}
        />
      </Panel>
    ),
  }
}

function EndButton({ session, frame }: { session: SessionRecord; frame: Frame }) {
  return (
    <ConfirmButton
      id={`end-${session.id}`}
      action={frame.path(paths.session(session.id))}
      method="delete"
      csrfToken={frame.csrfToken}
      label="End"
      icon="log-out"
      title={session.current ? 'Sign out here?' : `End this session on ${device(session.user_agent)}?`}
      text="Whoever uses it has to sign in again."
      confirm="End session"
      leaves={session.current}
    />
  )
}
