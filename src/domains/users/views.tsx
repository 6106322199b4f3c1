import { type UserRecord, users } from '#src/domains/users/model.ts'
import { paths } from '#src/paths.ts'
import type { Row } from '#src/resource/resource.ts'
import { shown } from '#src/resource/views/cell.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

const user = (row: Row) => row as unknown as UserRecord
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(', ')

/** The list's columns: the name leads to the person. */
export const listColumns = (frame: Frame): Column<Row>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: (row) => frame.path(paths.user(row.id)),
    cell: (row) => users.titleOf(row),
  },
  { key: 'username', label: 'User name', sortable: true, cell: (row) => user(row).username },
  { key: 'email', label: 'E-mail', sortable: true, cell: (row) => user(row).email },
  { key: 'roles', label: 'Roles', cell: (row) => names(user(row).roles) },
  { key: 'groups', label: 'Groups', cell: (row) => names(user(row).groups) },
  { key: 'status', label: 'Status', cell: status(frame) },
  {
    key: 'created_at',
    label: 'Since',
    sortable: 'descending',
    cell: (row) => Time({ at: user(row).created_at }),
  },
]

const status = (frame: Frame) => (row: Row) => shown(users, 'status', row, frame)

/** The groups that somebody is in, as far as the reader sees groups. */
export function GroupsPanel({ row, frame }: { row: Row; frame: Frame }) {
  const { groups } = user(row)
  return (
    <Panel title="Groups">
      {groups.length ? (
        <ul class="plain-list">
          {groups.map((group) => (
            <li>
              <a href={frame.path(paths.group(group.id))}>{group.name}</a>{' '}
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
  )
}

/** Who hasn't accepted yet, with another invitation for them. */
export function InviteButton({ row, frame }: { row: Row; frame: Frame }) {
  if (user(row).status !== 'invited' || row.deleted_at) return null
  return (
    <ConfirmButton
      id="invite"
      action={frame.path(paths.inviteUser(row.id))}
      csrfToken={frame.csrfToken}
      label="Invite again"
      icon="mail"
      kind="plain"
      title={`Send ${user(row).email} another invitation?`}
      text="The link that was sent before stops working."
      confirm="Invite again"
    />
  )
}
