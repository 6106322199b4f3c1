import { serviceAccounts } from '#src/domains/people/service-accounts/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { shown } from '#src/resource/kinds/cell.tsx'
import type { Severals } from '#src/resource/references/several.ts'
import { SeveralField } from '#src/resource/references/several-views.tsx'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

const names = (value: unknown) => (value as { name: string }[]).map(({ name }) => name).join(', ')

/** The list's columns: each leads to its page among the people. */
export const listColumns = (frame: Frame): Column<RecordRow>[] => [
  {
    key: 'username',
    label: 'User name',
    sortable: true,
    href: (row) => frame.path(paths.user(row.id)),
    cell: (row) => String(row.username),
  },
  { key: 'first_name', label: 'What for', cell: (row) => String(row.first_name) },
  { key: 'roles', label: 'Roles', cell: (row) => names(row.roles) },
  { key: 'groups', label: 'Groups', cell: (row) => names(row.groups) },
  { key: 'status', label: 'Status', cell: (row) => shown(serviceAccounts, 'status', row, frame) },
  {
    key: 'created_at',
    label: 'Added',
    sortable: 'descending',
    cell: (row) => Time({ at: String(row.created_at), clock: frame.clock }),
  },
]

type NewProps = { frame: Frame; severals: Severals; refusal?: Refusal | undefined }

export function newScreen({ frame, severals, refusal }: NewProps): Screen {
  const field = fieldsOf(refusal)
  const list = frame.path(paths.serviceAccounts)
  return {
    title: 'Add service account',
    breadcrumbs: [{ label: 'Service accounts', href: list }],
    children: (
      <Panel>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={list} csrfToken={frame.csrfToken}>
          <Field {...field('username')} label="User name" required autocomplete="off" />
          <Field
            {...field('first_name')}
            label="What for"
            hint="As it is shown to people."
            autocomplete="off"
          />
          <SeveralField {...field('role_ids')} label="Roles" several={severals.role_ids} frame={frame} />
          <SeveralField {...field('groups')} label="Groups" several={severals.groups} frame={frame} />
          <Actions>
            <Button kind="primary">Add service account</Button>
            <ButtonLink href={list}>Cancel</ButtonLink>
          </Actions>
        </Form>
      </Panel>
    ),
  }
}
