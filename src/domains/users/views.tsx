import type { Page } from '#src/db/paging.ts'
import { statuses, type UserRecord } from '#src/domains/users/model.ts'
import type { Screen } from '#src/http/endpoint.ts'
import type { ListView } from '#src/http/list.ts'
import { paths } from '#src/paths.ts'
import { address } from '#src/ui/address.ts'
import { ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, EmptyState, Facts, NoMatch, type Tone } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Pager } from '#src/ui/pager.tsx'
import { Columns, Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { Toolbar } from '#src/ui/toolbar.tsx'

export type May = { create: boolean; update: boolean; delete: boolean; signIn: boolean; me: string }
export type Offered = {
  roles: { id: string; name: string; description: string }[]
  groups: { id: string; name: string; kind: string }[]
}

const tones: Record<UserRecord['status'], Tone> = { active: 'good', invited: 'info', disabled: 'plain' }
const label = { active: 'Active', invited: 'Invited', disabled: 'Disabled' }
export const nameOf = (user: UserRecord) => `${user.first_name} ${user.last_name}`.trim() || user.username

const columns = (frame: Frame): Column<UserRecord>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: (user) => frame.path(paths.user(user.id)),
    cell: nameOf,
  },
  { key: 'username', label: 'User name', sortable: true, cell: (user) => user.username },
  { key: 'email', label: 'E-mail', sortable: true, cell: (user) => user.email },
  { key: 'roles', label: 'Roles', cell: (user) => user.roles.map((role) => role.name).join(', ') },
  { key: 'groups', label: 'Groups', cell: (user) => user.groups.map((group) => group.name).join(', ') },
  {
    key: 'status',
    label: 'Status',
    cell: (user) => Badge({ tone: tones[user.status], children: label[user.status] }),
  },
  {
    key: 'created_at',
    label: 'Since',
    sortable: 'descending',
    cell: (user) => Time({ at: user.created_at }),
  },
]

export function listScreen(found: Page<UserRecord>, view: ListView, may: May, frame: Frame): Screen {
  const path = frame.path(paths.users)
  const status = view.filters.status?.join(',') ?? null
  const deleted = view.filters.deleted ? 'true' : null
  const here = address(path, {
    q: view.q,
    status: status ?? undefined,
    deleted: deleted ?? undefined,
    sort: view.sort,
  })
  const rows = found.rows()
  const { next, previous, total, capped } = found
  const filtered = Boolean(view.q || status || deleted)
  return {
    title: 'People',
    lead: 'Everybody in the organization that you may see.',
    actions: may.create ? (
      <ButtonLink kind="primary" icon="plus" href={frame.path(paths.newUser)}>
        Add person
      </ButtonLink>
    ) : null,
    children: (
      <>
        <Toolbar
          path={path}
          address={here}
          q={view.q}
          placeholder="Name, user name or e-mail"
          keep={{ sort: view.sort }}
          filters={filters(status, deleted, may)}
        />
        <Table
          label="People"
          columns={columns(frame)}
          rows={rows}
          rowKey={(user) => user.id}
          address={here}
          sort={view.sort}
          empty={<Nobody filtered={filtered} path={path} />}
        />
        <Pager
          address={here}
          next={next}
          previous={previous}
          shown={rows.length}
          first={view.offset ? view.offset + 1 : null}
          total={total}
          capped={capped}
        />
      </>
    ),
  }
}

const filters = (status: string | null, deleted: string | null, may: May) => [
  {
    name: 'status',
    label: 'Status',
    value: status,
    options: statuses.map((value) => ({ value, label: label[value] })),
  },
  ...(may.delete
    ? [
        {
          name: 'deleted',
          label: 'Deleted',
          value: deleted,
          any: 'Present',
          options: [{ value: 'true', label: 'Deleted' }],
        },
      ]
    : []),
]

function Nobody({ filtered, path }: { filtered: boolean; path: string }) {
  return filtered ? (
    <NoMatch clear={path} what="Nobody" />
  ) : (
    <EmptyState icon="users" title="Nobody here yet" text="Add the first person to begin." />
  )
}

export function userScreen(user: UserRecord, may: May, frame: Frame): Screen {
  return {
    title: nameOf(user),
    lead: user.deleted_at ? 'Deleted' : user.email,
    trail: [{ label: 'People', href: frame.path(paths.users) }],
    actions: <UserActions user={user} may={may} frame={frame} />,
    children: (
      <Columns>
        <Panel title="Profile">
          <Facts items={facts(user)} />
        </Panel>
        <Panel title="Roles">
          {user.roles.length ? (
            <ul class="plain-list">
              {user.roles.map((role) => (
                <li>{role.name}</li>
              ))}
            </ul>
          ) : (
            <p class="nothing">No roles that you may see.</p>
          )}
        </Panel>
        <Panel title="Groups">
          {user.groups.length ? (
            <ul class="plain-list">
              {user.groups.map((group) => (
                <li>
                  {group.name}{' '}
                  <span class="nothing">
                    {group.kind}, {group.role}
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <p class="nothing">No groups that you may see.</p>
          )}
        </Panel>
      </Columns>
    ),
  }
}

const facts = (user: UserRecord) => [
  { label: 'Status', value: <Badge tone={tones[user.status]}>{label[user.status]}</Badge> },
  { label: 'User name', value: user.username },
  { label: 'E-mail', value: user.email },
  { label: 'Language', value: user.locale },
  { label: 'Time zone', value: user.time_zone },
  { label: 'Last sign-in', value: user.last_login_at ? <Time at={user.last_login_at} /> : null },
  { label: 'Added', value: <Time at={user.created_at} /> },
  { label: 'Changed', value: <Time at={user.updated_at} /> },
]

function UserActions({ user, may, frame }: { user: UserRecord; may: May; frame: Frame }) {
  const { path, csrfToken } = frame
  if (user.deleted_at) {
    return may.delete ? (
      <ConfirmButton
        id="restore"
        action={path(paths.restoreUser(user.id))}
        csrfToken={csrfToken}
        label="Restore"
        icon="rotate-ccw"
        kind="primary"
        title={`Restore ${nameOf(user)}?`}
        text="They can sign in again and have their roles and groups back."
        confirm="Restore"
      />
    ) : null
  }
  return (
    <>
      {may.delete && user.id !== may.me ? (
        <ConfirmButton
          id="delete"
          action={path(paths.user(user.id))}
          method="delete"
          csrfToken={csrfToken}
          version={user.version}
          label="Delete"
          icon="trash-2"
          title={`Delete ${nameOf(user)}?`}
          text="Their sessions end at once. They can be restored."
          confirm="Delete"
        />
      ) : null}
      {may.update ? (
        <ButtonLink kind="primary" icon="pencil" href={path(paths.editUser(user.id))}>
          Edit
        </ButtonLink>
      ) : null}
    </>
  )
}
