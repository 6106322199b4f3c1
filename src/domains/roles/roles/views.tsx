import { isWhole } from '#src/domains/roles/roles/form-views.tsx'
import { type Held, HOLDERS_CAP, type RoleRecord, roleOf } from '#src/domains/roles/roles/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { Permission } from '#src/resource/permission-views.tsx'
import { modelInWords, permissionInWords } from '#src/resource/permission-words.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Badge, Facts } from '#src/ui/feedback.tsx'
import { Hidden, writing } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

type Named = { id: string; name: string }

/** What a role's page shows beside it. */
export type Beside = {
  children: readonly Named[]
  holders: { count: number; users: readonly (Named & { expires_at: string | null })[] }
  /** What may be added to it. */
  permissions: readonly { id: string; code: string }[]
  parents: readonly Named[]
  /** Whether the reader may change just this role. */
  changeable: boolean
}

const status = ({ status: is }: RoleRecord) =>
  Badge({ tone: is === 'active' ? 'good' : 'plain', children: is === 'active' ? 'Active' : 'Disabled' })

/** The list's columns. */
export const listColumns = (frame: Frame): Column<RecordRow>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: ({ id }) => frame.path(paths.role(id)),
    cell: (row) => roleOf(row).name,
  },
  { key: 'description', label: 'Description', cell: (row) => roleOf(row).description },
  {
    key: 'permissions',
    label: 'Permissions',
    align: 'end',
    cell: (row) => String(roleOf(row).permissions.length),
  },
  {
    key: 'parents',
    label: 'Inherits from',
    cell: (row) =>
      roleOf(row)
        .parents.map(({ name }) => name)
        .join(', '),
  },
  { key: 'builtin', label: 'Kind', cell: (row) => (roleOf(row).builtin ? 'Built\u2011in' : 'Custom') },
  { key: 'status', label: 'Status', cell: (row) => status(roleOf(row)) },
]

/** What a page of a role offers in its head. */
export function RoleActions({ role, beside, frame }: { role: RoleRecord; beside: Beside; frame: Frame }) {
  if (!beside.changeable) return null
  const active = role.status === 'active'
  return (
    <>
      {isWhole(role) ? null : (
        <StepForm role={role} frame={frame} step="toggle">
          <Button kind="plain" icon={active ? 'ban' : 'check'}>
            {active ? 'Disable' : 'Enable'}
          </Button>
        </StepForm>
      )}
      <ButtonLink kind="primary" icon="pencil" href={frame.path(pathsOf(paths.roles).edit(role.id))}>
        Edit
      </ButtonLink>
    </>
  )
}

/** Everything that belongs to a role. */
export function RolePanels({ role, beside, frame }: { role: RoleRecord; beside: Beside; frame: Frame }) {
  const shown = { role, beside, frame }
  return (
    <>
      <PermissionsPanel {...shown} />
      <ParentsPanel {...shown} />
      {beside.children.length ? (
        <Panel title="Inherited by">
          <Links items={beside.children} href={(id) => frame.path(paths.role(id))} />
        </Panel>
      ) : null}
      <HoldersPanel {...shown} />
    </>
  )
}

type Shown = { role: RoleRecord; beside: Beside; frame: Frame }

function PermissionsPanel({ role, beside, frame }: Shown) {
  const models = Map.groupBy(role.permissions, ({ code }) => code.slice(0, code.indexOf(':')))
  const held = new Set(role.permissions.filter(({ inherited_from }) => !inherited_from).map(({ id }) => id))
  const items = [...models]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([model, own]) => ({
      label: modelInWords(model),
      value: <Codes codes={own} frame={frame} />,
    }))
  const offered = beside.permissions.filter(({ id }) => !held.has(id))
  return (
    <Panel title="Permissions">
      {items.length ? (
        <Facts items={items} />
      ) : (
        <p class="nothing">
          {frame.person?.may('permission:read') ? 'No permissions yet' : 'No permissions you have access to'}
        </p>
      )}
      {beside.changeable && !isWhole(role) && offered.length ? (
        <AddForm
          role={role}
          frame={frame}
          step="permissions"
          label="Permission"
          options={offered.map(({ id, code }) => ({
            value: id,
            label: `${permissionInWords(code)} (${code})`,
          }))}
        />
      ) : null}
    </Panel>
  )
}

/** Permissions of one model; the inherited ones lead to the role that they come from. */
const Codes = ({ codes, frame }: { codes: readonly Held[]; frame: Frame }) => (
  <ul class="codes">
    {codes.map(({ code, inherited_from }) => (
      <li>
        <Permission code={code} />
        {inherited_from ? (
          <>
            {' '}
            <span class="nothing">
              from <a href={frame.path(paths.role(inherited_from.id))}>{inherited_from.name}</a>
            </span>
          </>
        ) : null}
      </li>
    ))}
  </ul>
)

function ParentsPanel({ role, beside, frame }: Shown) {
  const changeable = beside.changeable && !isWhole(role)
  const above = new Set(role.parents.map(({ id }) => id))
  const offered = beside.parents.filter(({ id }) => !above.has(id))
  return (
    <Panel title="Inherits from">
      {role.parents.length ? (
        <ul class="plain-list">
          {role.parents.map(({ id, name }) => (
            <li class="plain-row">
              <a href={frame.path(paths.role(id))}>{name}</a>
              {changeable ? (
                <StepForm role={role} frame={frame} step="parents" record={id} add={false}>
                  <Button kind="quiet" icon="x">
                    Remove<span class="unseen"> {name}</span>
                  </Button>
                </StepForm>
              ) : null}
            </li>
          ))}
        </ul>
      ) : (
        <p class="nothing">No roles</p>
      )}
      {changeable && offered.length ? (
        <AddForm
          role={role}
          frame={frame}
          step="parents"
          label="Role"
          options={offered.map(({ id, name }) => ({ value: id, label: name }))}
        />
      ) : null}
    </Panel>
  )
}

function HoldersPanel({ role, beside: { holders }, frame }: Shown) {
  const { count, users } = holders
  return (
    <Panel title={count > HOLDERS_CAP ? 'More than 1,000 people' : `People (${count})`}>
      {users.length ? (
        <ul class="plain-list">
          {users.map(({ id, name, expires_at }) => (
            <li>
              <a href={frame.path(paths.user(id))}>{name}</a>
              {expires_at ? (
                <span class="nothing">
                  {' '}
                  until <Time at={expires_at} clock={frame.clock} />
                </span>
              ) : null}
            </li>
          ))}
        </ul>
      ) : (
        <p class="nothing">{count ? 'No people you have access to' : 'No one has this role'}</p>
      )}
      {users.length && count > users.length ? (
        <p>
          <a href={`${frame.path(paths.users)}?role=${role.id}`}>View all</a>
        </p>
      ) : null}
    </Panel>
  )
}

const Links = ({ items, href }: { items: readonly Named[]; href: (id: string) => string }) => (
  <ul class="plain-list">
    {items.map(({ id, name }) => (
      <li>
        <a href={href(id)}>{name}</a>
      </li>
    ))}
  </ul>
)

type StepProps = {
  role: RoleRecord
  frame: Frame
  step: 'toggle' | 'permissions' | 'parents'
  /** The permission or role that is added or taken away; a select of the form names it otherwise. */
  record?: string
  add?: boolean
  children?: Child
}

/** One step, which shows first whom it touches. */
const StepForm = ({ role, frame, step, record, add = true, children }: StepProps) => (
  <form class="step" method="post" action={frame.path(pathsOf(paths.roles).edit(role.id))} {...writing}>
    <Hidden csrfToken={frame.csrfToken} version={role.version} />
    <input type="hidden" name="step" value={step} />
    {step === 'toggle' ? null : <input type="hidden" name="add" value={String(add)} />}
    {record ? <input type="hidden" name="record" value={record} /> : null}
    {children}
  </form>
)

function AddForm({
  options,
  label,
  ...step
}: Omit<StepProps, 'children'> & { label: string; options: readonly { value: string; label: string }[] }) {
  return (
    <StepForm {...step}>
      <select class="select" name="record" aria-label={label}>
        {options.map(({ value, label }) => (
          <option value={value}>{label}</option>
        ))}
      </select>
      <Button icon="plus">Add</Button>
    </StepForm>
  )
}
