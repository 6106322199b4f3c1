import { type RoleRecord, roleOf, statuses } from '#src/domains/roles/roles/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
import type { LastChange } from '#src/resource/history/query.ts'
import { permissionOption } from '#src/resource/permission-words.ts'
import type { FieldsProps, Offered } from '#src/resource/record/form-views.tsx'
import type { Several } from '#src/resource/references/several.ts'
import { SeveralField } from '#src/resource/references/several-views.tsx'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Checkbox } from '#src/ui/checkbox.tsx'
import { Conflict } from '#src/ui/conflict.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, type Refused, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { PermissionBoxes } from '#src/ui/permissions.tsx'
import { Panel } from '#src/ui/surface.tsx'

/** What boxes sent, or a text with commas. */
const listed = (value: unknown): string[] =>
  [value].flat().flatMap((item) => (typeof item === 'string' ? item.split(',').filter(Boolean) : []))

/** Whether a built-in role is one that holds everything, and stays as it is. */
export const isWhole = ({ builtin, template }: RoleRecord) =>
  builtin && (template === 'owner' || template === 'superadmin')

const ownCodes = ({ permissions }: RoleRecord) =>
  permissions.filter(({ inherited_from }) => !inherited_from).map(({ code }) => code)

type Fields = FieldsProps & {
  offered: Offered
  parents: Several | undefined
  input?: Record<string, unknown>
  frame: Frame
}

/** What a role is, holds and inherits from: for a new one, and for one that is changed. */
export function RoleFields(props: Fields) {
  const { field, row, offered, parents, frame, refusal, input = refusal?.input } = props
  const role = row && roleOf(row)
  const chosen = (name: string, own: string[]) => (input && name in input ? listed(input[name]) : own)
  const own = role ? ownCodes(role) : []
  const fixed = role !== undefined && isWhole(role)
  return (
    <>
      <Field
        {...field('name')}
        label="Name"
        required
        readonly={role?.builtin}
        hint={role?.builtin ? 'A built-in role keeps its name.' : undefined}
        autocomplete="off"
      />
      <Field {...field('description')} label="Description" autocomplete="off" />
      {role && !fixed ? (
        <Select {...field('status')} label="Status" required options={statusOptions} />
      ) : null}
      <input type="hidden" name="second_factor_required" value="false" />
      <Checkbox
        name="second_factor_required"
        label="Two-step verification required"
        hint="People with this role must use two-step verification."
        checked={chosen('second_factor_required', role?.second_factor_required ? ['true'] : []).includes(
          'true',
        )}
        error={field('second_factor_required').error}
      />
      {fixed ? null : (
        <SeveralField
          {...field('parent_ids')}
          label="Inherits from"
          hint="Includes everything these roles grant, including future changes."
          several={parents}
          frame={frame}
          changes
        />
      )}
      {!fixed && offered.permissions?.length ? (
        <PermissionBoxes
          hint="You can only grant permissions you hold."
          options={offered.permissions.map(({ value }) => permissionOption(value))}
          values={chosen('permissions', own)}
          error={field('permissions').error}
        />
      ) : null}
    </>
  )
}

const statusOptions = statuses.map((value) => ({ value, label: value === 'active' ? 'Active' : 'Disabled' }))

type Editing = {
  role: RoleRecord
  offered: Offered
  parents: Several | undefined
  frame: Frame
  refusal?: Refused
  /** As it was sent before, by somebody who came back from the preview. */
  input?: Record<string, unknown>
  version: number
}

/** A role's form; what it would change for whom is shown before it is saved. */
export function EditForm({ role, offered, parents, frame, refusal, input, version }: Editing) {
  const row = { ...role, second_factor_required: String(role.second_factor_required) }
  const sent = refusal ?? (input && { message: '', errors: [], input })
  return (
    <Panel>
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form
        action={frame.path(pathsOf(paths.roles).edit(role.id))}
        csrfToken={frame.csrfToken}
        version={version}
      >
        <RoleFields
          field={fieldsOf(sent, row)}
          row={role}
          offered={offered}
          parents={parents}
          input={sent?.input}
          frame={frame}
        />
        <Actions>
          <Button kind="primary">Save</Button>
          <ButtonLink href={frame.path(paths.role(role.id))}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}

/** Both versions, field by field, after somebody else saved the role meanwhile. */
export function ConflictForm({
  role,
  parents,
  frame,
  input,
  changed,
}: Pick<Editing, 'role' | 'parents' | 'frame'> & {
  input: Record<string, unknown>
  changed: LastChange | null
}) {
  const action = frame.path(pathsOf(paths.roles).edit(role.id))
  const theirs: Record<string, string[]> = {
    name: [role.name],
    description: [role.description],
    status: [role.status],
    second_factor_required: [String(role.second_factor_required)],
    parent_ids: role.parents.map(({ id }) => id),
    permissions: ownCodes(role),
  }
  const titles = new Map([...role.parents, ...(parents?.chosen ?? [])].map(({ id, name }) => [id, name]))
  const shown = (values: readonly string[]) => values.map((value) => titles.get(value) ?? value).join(', ')
  const fields = Object.entries(theirs)
    .filter(([name]) => name in input)
    .map(([name, values]) => {
      const several = name === 'parent_ids' || name === 'permissions'
      const mine = several ? listed(input[name]) : [String([input[name]].flat().at(-1))]
      return {
        name,
        label: labels[name] ?? name,
        mine: [...mine].sort().join(),
        theirs: [...values].sort().join(),
        shownMine: shown(mine),
        shownTheirs: shown(values),
      }
    })
  const { csrfToken } = frame
  return (
    <Conflict
      action={action}
      method="post"
      csrfToken={csrfToken}
      version={role.version}
      fields={fields}
      changed={changed}
      clock={frame.clock}
      cancel={frame.path(paths.role(role.id))}
    />
  )
}

const labels: Record<string, string> = {
  name: 'Name',
  description: 'Description',
  status: 'Status',
  second_factor_required: 'Two-step verification required',
  parent_ids: 'Inherits from',
  permissions: 'Permissions',
}

/** The short ways to a new role, from the form of a whole one. */
export const ShortWays = ({ frame }: { frame: Frame }) => (
  <p class="hint">
    Or start <a href={frame.path(paths.roleFromTemplate)}>from a template</a>, or with{' '}
    <a href={frame.path(paths.createMinimalRole)}>a minimal role</a>.
  </p>
)
