import type { UserActor } from '#src/access/actor.ts'
import { type UserRecord, users } from '#src/domains/people/users/model.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { shown } from '#src/resource/kinds/cell.tsx'
import { ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { html } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

const user = (row: RecordRow) => row as unknown as UserRecord
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(', ')

/** The list's columns: the name leads to the person. */
export const listColumns = (frame: Frame): Column<RecordRow>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: (row) => frame.path(paths.user(row.id)),
    cell: (row) =>
      user(row).kind === 'service'
        ? html`${users.titleOf(row)} ${Badge({ children: 'Service' })}`
        : users.titleOf(row),
  },
  { key: 'username', label: 'User name', sortable: true, cell: (row) => user(row).username },
  { key: 'email', label: 'E-mail', sortable: true, cell: (row) => user(row).email },
  { key: 'roles', label: 'Roles', cell: (row) => names(user(row).roles) },
  { key: 'groups', label: 'Groups', cell: (row) => names(user(row).groups) },
  { key: 'status', label: 'Status', cell: status(frame) },
  {
    key: 'created_at',
    label: 'Added',
    sortable: 'descending',
    cell: (row) => Time({ at: user(row).created_at, clock: frame.clock }),
  },
]

const status = (frame: Frame) => (row: RecordRow) => shown(users, 'status', row, frame)

/** The groups that somebody is in, as far as the reader sees groups. */
export function GroupsPanel({ row, all, frame }: { row: RecordRow; all: boolean; frame: Frame }) {
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
        <p class="nothing">{all ? 'No groups' : 'No groups you have access to'}</p>
      )}
    </Panel>
  )
}

/** Why nothing of what follows can be changed. */
export const StrongerPanel = ({ why }: { why: string }) => (
  <Panel title="Account">
    <p>{why}</p>
  </Panel>
)

/** Who hasn't accepted yet, with another invitation for them. */
export function InviteButton({ row, frame }: { row: RecordRow; frame: Frame }) {
  if (user(row).status !== 'invited' || row.deleted_at) return null
  return (
    <ConfirmButton
      id="invite"
      action={frame.path(paths.inviteUser(row.id))}
      csrfToken={frame.csrfToken}
      label="Send invitation"
      icon="mail"
      kind="plain"
      title={`Send ${user(row).email} an invitation?`}
      text="Earlier links stop working. You vouch for their access until they accept."
      confirm="Send invitation"
    />
  )
}

/** A service account acts by keys alone: those that there are, and another one. */
export function ServicePanel({ row, actor, frame }: { row: RecordRow; actor: UserActor; frame: Frame }) {
  const makes = actor.find('api_key:create')?.all && !row.deleted_at
  if (user(row).kind !== 'service' || !(makes || actor.can('api_key:read'))) return null
  return (
    <Panel title="API keys">
      <p>Service accounts can’t sign in. Programs use them with API keys.</p>
      <div class="form-actions">
        {makes ? (
          <ButtonLink icon="plus" href={frame.path(paths.newApiKey(row.id))}>
            Create API key
          </ButtonLink>
        ) : null}
        {actor.can('api_key:read') ? (
          <ButtonLink kind="quiet" href={frame.path(paths.apiKeysOf(row.id))}>
            View API keys
          </ButtonLink>
        ) : null}
      </div>
    </Panel>
  )
}
