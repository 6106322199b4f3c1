import { type PermissionRecord, permissionOf, permissions } from '#src/domains/roles/permissions/model.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { shown } from '#src/resource/kinds/cell.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { listUrl } from '#src/ui/list-url.ts'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'

type Switching = {
  frame: Frame
  /** Whether the reader may switch it. */
  may: (permission: PermissionRecord) => boolean
}

/** The list's columns, with a switch at the end of each row. */
export const listColumns = ({ frame, may }: Switching): Column<RecordRow>[] => [
  {
    key: 'code',
    label: 'Permission',
    sortable: true,
    href: ({ id }) => frame.path(paths.permission(id)),
    cell: (row) => permissionOf(row).code,
  },
  { key: 'description', label: 'Description', cell: (row) => permissionOf(row).description },
  { key: 'builtin', label: 'Kind', cell: (row) => (permissionOf(row).builtin ? 'Built\u2011in' : 'Custom') },
  { key: 'status', label: 'Status', cell: (row) => status(row, frame) },
  {
    key: 'switch',
    label: 'Enable or disable',
    unseen: true,
    cell: (row) => (may(permissionOf(row)) ? <Switch permission={permissionOf(row)} frame={frame} /> : null),
  },
]

const status = (row: RecordRow, frame: Frame) => shown(permissions, 'status', row, frame)

/** Enables or disables, after a question. */
export function Switch({ permission, frame }: { permission: PermissionRecord; frame: Frame }) {
  const { id, code, status, version } = permission
  const active = status === 'active'
  return (
    <ConfirmButton
      id={`switch-${id}`}
      action={frame.path(paths.togglePermission(id))}
      method="patch"
      csrfToken={frame.csrfToken}
      version={version}
      label={active ? 'Disable' : 'Enable'}
      icon={active ? 'ban' : 'check'}
      kind="quiet"
      title={active ? `Disable ${code}?` : `Enable ${code}?`}
      text={
        active
          ? 'Everyone loses it immediately, whatever their roles grant.'
          : 'Everyone whose role grants it gets it immediately.'
      }
      confirm={active ? 'Disable permission' : 'Enable permission'}
    />
  )
}

/** The permissions of one model. */
export const ModelTable = ({ rows, ...switching }: Switching & { rows: readonly RecordRow[] }) => (
  <Table
    label="Permissions"
    columns={listColumns(switching).map((column) => ({ ...column, sortable: undefined }))}
    rows={rows}
    rowKey={({ id }) => id}
    listUrl={listUrl(switching.frame.path(paths.permissions), {})}
    empty={null}
  />
)

/** Roles that give a permission; those that inherit it after those that hold it. */
export const RolesPanel = ({
  roles,
  frame,
}: {
  roles: readonly { id: string; name: string; inherited: boolean }[]
  frame: Frame
}) => (
  <Panel title="Roles that grant it">
    {roles.length ? (
      <ul class="plain-list">
        {roles.map(({ id, name, inherited }) => (
          <li>
            <a href={frame.path(paths.role(id))}>{name}</a>
            {inherited ? <span class="nothing"> by inheritance</span> : null}
          </li>
        ))}
      </ul>
    ) : (
      <p class="nothing">{frame.person?.may('role:read') ? 'No roles' : 'No roles you have access to'}</p>
    )}
  </Panel>
)
