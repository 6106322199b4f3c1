import type { Member } from '#src/domains/people/members/model.ts'
import type { Gathered, Gathering } from '#src/domains/people/members/queries.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { EmptyState, NoMatch, PastTheEnd } from '#src/ui/feedback.tsx'
import { Select } from '#src/ui/field.tsx'
import { ErrorSummary, Form, fieldsOf, Hidden, refusalErrors, writing } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { listUrl } from '#src/ui/list-url.ts'
import { Pager } from '#src/ui/pager.tsx'
import { SuggestField } from '#src/ui/picker.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { Toolbar } from '#src/ui/toolbar.tsx'

export type MembersProps = Gathered & { frame: Frame; refusal?: Refusal }

type Role = Member['role']
const ROLES: Role[] = ['viewer', 'member', 'lead']

/** The roles that the reader may give somebody in the group, beside the one that they have. */
function givable({ update, lead, deleted }: Gathering, role: Role | null, self: boolean): Role[] {
  if (deleted || !(update || lead)) return []
  if (update) return self ? ROLES.slice(0, ROLES.indexOf(role ?? 'viewer') + 1) : ROLES
  return role === 'lead' && !self ? [] : ['viewer', 'member', ...(role === 'lead' ? (['lead'] as const) : [])]
}

/** Who is in the group; who may change that does it here. */
export function Members(props: MembersProps) {
  const { gathering, found, view, base, opens, frame } = props
  const rows = found.rows()
  const path = frame.path(paths.groupMembers(base, gathering.id))
  const here = listUrl(path, { q: view.q, sort: view.sort })
  const hidden = view.q ? 0 : gathering.members_count - found.total
  return (
    <>
      <AddMember {...props} />
      {opens && (found.next || found.previous || view.q) ? (
        <Toolbar
          path={path}
          listUrl={here}
          q={view.q}
          placeholder="Search members"
          keep={{ sort: view.sort }}
        />
      ) : null}
      <Table
        label="Members"
        columns={columns(props)}
        rows={rows}
        rowKey={({ user }) => user.id}
        listUrl={here}
        sort={view.sort}
        empty={
          found.total ? (
            <PastTheEnd noun={{ one: 'member', many: 'members' }} {...found} {...view} listUrl={here} />
          ) : view.q ? (
            <NoMatch clear={path} many="people" />
          ) : (
            <EmptyState icon="users" title={hidden ? 'No members you have access to' : 'No members yet'} />
          )
        }
      />
      {rows.length && (found.next || found.previous) ? (
        <Pager
          many="members"
          listUrl={here}
          next={found.next}
          previous={found.previous}
          shown={rows.length}
          total={found.total}
          capped={found.capped}
        />
      ) : null}
      {hidden > 0 && !found.capped ? <p class="hint">{others(hidden)}</p> : null}
    </>
  )
}

const others = (count: number) => `${count === 1 ? '1 member' : `${count} members`} you don’t have access to.`

const columns = (props: MembersProps): Column<Member>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: ({ user }) => (props.opens ? props.frame.path(paths.user(user.id)) : null),
    cell: ({ user }) => user.name,
  },
  { key: 'username', label: 'User name', cell: ({ user }) => user.username },
  { key: 'role', label: 'Role', cell: (member) => <RoleCell {...props} member={member} /> },
  {
    key: 'created_at',
    label: 'Added',
    cell: ({ created_at }) => Time({ at: created_at, clock: props.frame.clock }),
  },
  { key: 'remove', label: 'Remove', unseen: true, cell: (member) => <Remove {...props} member={member} /> },
]

type MemberProps = MembersProps & { member: Member }

function RoleCell({ gathering, base, me, frame, member: { user, role } }: MemberProps): Child {
  const roles = givable(gathering, role, user.id === me)
  if (!roles.some((one) => one !== role)) return capital(role)
  const id = `role-${user.id}`
  return (
    <form
      class="in-line"
      method="post"
      action={frame.path(paths.groupMember(base, gathering.id, user.id))}
      {...writing}
    >
      <Hidden csrfToken={frame.csrfToken} method="put" />
      <label class="unseen" for={id}>
        Role of {user.name}
      </label>
      <select class="select" id={id} name="role">
        {roles.map((one) => (
          <option value={one} selected={one === role}>
            {capital(one)}
          </option>
        ))}
      </select>
      <Button kind="quiet">Change</Button>
    </form>
  )
}

function Remove({ gathering, base, me, frame, member: { user, role } }: MemberProps): Child {
  const self = user.id === me
  if (!givable(gathering, role, self).length) return null
  return (
    <ConfirmButton
      id={`remove-${user.id}`}
      action={frame.path(paths.groupMember(base, gathering.id, user.id))}
      method="delete"
      csrfToken={frame.csrfToken}
      label={self ? 'Leave' : 'Remove'}
      icon={self ? 'log-out' : 'minus'}
      kind="quiet"
      title={self ? `Leave ${gathering.name}?` : `Remove ${user.name} from ${gathering.name}?`}
      text="Removes access to what belongs to the group and its subgroups."
      confirm={self ? 'Leave group' : 'Remove member'}
    />
  )
}

function AddMember({ gathering, base, frame, refusal }: MembersProps) {
  const roles = givable(gathering, null, false)
  if (!roles.length) return null
  const field = fieldsOf(refusal, { role: 'member' })
  const options = roles.map((value) => ({ value, label: capital(value) }))
  return (
    <Panel title="Add member">
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.groupMembers(base, gathering.id))} csrfToken={frame.csrfToken} wide>
        <div class="fields-in-line">
          <SuggestField
            {...field('user')}
            label="User name or e-mail"
            required
            options={frame.person?.may('user:read') ? frame.path(pathsOf(paths.users).options) : null}
            many="people"
          />
          <Select {...field('role')} label="Role" required options={options} />
          <Button kind="primary" icon="user-plus">
            Add
          </Button>
        </div>
      </Form>
    </Panel>
  )
}

/** The first members, beside the facts of their group. */
export function MembersPanel({ gathering, found, base, opens, frame }: MembersProps) {
  const rows = found.rows()
  const manages = givable(gathering, null, false).length > 0
  const all = gathering.members_count
  return (
    <Panel
      title="Members"
      actions={
        <a href={frame.path(paths.groupMembers(base, gathering.id))}>{manages ? 'Manage' : `All ${all}`}</a>
      }
    >
      <ul class="plain-list">
        {rows.map(({ user, role }) => (
          <li>
            {opens ? <a href={frame.path(paths.user(user.id))}>{user.name}</a> : user.name}{' '}
            {role === 'member' ? null : <span class="nothing">{role}</span>}
          </li>
        ))}
      </ul>
      {all > rows.length ? (
        <p class="nothing">{rows.length ? `and ${all - rows.length} more` : others(all)}</p>
      ) : null}
      {all ? null : <p class="nothing">No members yet.</p>}
    </Panel>
  )
}

/** The members of a group, for whoever leads it and reads no groups otherwise. */
export const membersScreen = (props: MembersProps): Screen => ({
  title: props.gathering.name,
  subtitle: 'You lead this group and can add and remove its members and viewers.',
  children: <Members {...props} />,
})
