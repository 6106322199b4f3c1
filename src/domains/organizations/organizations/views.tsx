import type { Page } from '#src/db/paging.ts'
import {
  type OrganizationRecord,
  organizationOf,
  organizations,
  statuses,
} from '#src/domains/organizations/organizations/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import type { History } from '#src/resource/history/query.ts'
import { HistoryPanel } from '#src/resource/history/views.tsx'
import type { ListView } from '#src/resource/list/declaration.ts'
import { type Choosing, listScreen } from '#src/resource/list/views.tsx'
import { recordFrame } from '#src/resource/record/views.tsx'
import type { BulkAction } from '#src/ui/bulk.tsx'
import { Button } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, Facts } from '#src/ui/feedback.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Columns, Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import type { Filter } from '#src/ui/toolbar.tsx'
import { Why } from '#src/ui/why.tsx'

/** Managing others is for the platform organization alone. */
export type May = { create: boolean; update: boolean; manage: boolean; enter: boolean }

const label = { active: 'Active', suspended: 'Suspended' }
const status = ({ status: is }: OrganizationRecord) =>
  Badge({ tone: is === 'active' ? 'good' : 'warn', children: label[is] })

const number = new Intl.NumberFormat('en')
const people = ({ users, users_is_lower_bound }: OrganizationRecord) =>
  users_is_lower_bound ? `more than ${number.format(users)}` : number.format(users)

const columns = (frame: Frame): Column<RecordRow>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: ({ id }) => frame.path(paths.organization(id)),
    cell: (row) => organizationOf(row).name,
  },
  { key: 'slug', label: 'Short name', cell: (row) => organizationOf(row).slug },
  { key: 'users', label: 'People', align: 'end', cell: (row) => people(organizationOf(row)) },
  { key: 'status', label: 'Status', cell: (row) => status(organizationOf(row)) },
  {
    key: 'created_at',
    label: 'Added',
    sortable: 'descending',
    cell: (row) => Time({ at: organizationOf(row).created_at, clock: frame.clock }),
  },
]

/** What the list is filtered by. */
export const statusFilter = ({ status }: ListView['filters']): Filter => ({
  name: 'status',
  label: 'Status',
  value: status?.join(',') ?? null,
  options: statuses.map((value) => ({ value, label: label[value] })),
})

type Listed = {
  found: Page<OrganizationRecord>
  view: ListView
  at: string
  may: May
  bulk: readonly BulkAction[]
  choosing?: Choosing
  frame: Frame
}

/** The organizations, with what the platform may do to many at once. */
export const organizationsScreen = ({ view, may, frame, ...listed }: Listed): Screen => ({
  ...listScreen({
    ...listed,
    resource: organizations,
    view,
    all: true,
    may: { ...may, delete: false },
    frame,
    columns: columns(frame),
    filters: [statusFilter(view.filters)],
  }),
  subtitle: may.manage ? 'Every organization of this installation.' : 'The organization you’re in.',
})

type Shown = { organization: OrganizationRecord; may: May; frame: Frame; refusal?: Refusal }

const { one, history: historyOf } = pathsOf(organizations.path)
const framed = ({ organization: row, may, frame }: Shown, here: string) => ({
  resource: organizations,
  row,
  may: { update: may.update, delete: false },
  frame,
  here,
})

/** One organization: what is known of it, and the way in. */
export function organizationScreen(shown: Shown): Screen {
  const { organization, may } = shown
  return {
    ...recordFrame({
      ...framed(shown, one(organization.id)),
      actions: <StatusButton {...shown} />,
      children: (
        <Columns>
          <Panel title="Organization" actions={<WhySeen {...shown} />}>
            <Facts items={facts(organization, shown.frame)} />
          </Panel>
          {may.enter && organization.kind === 'tenant' ? <Entrance {...shown} /> : null}
        </Columns>
      ),
    }),
    subtitle:
      organization.status === 'suspended'
        ? 'Suspended: its people are signed out and can’t sign in.'
        : organization.kind === 'platform'
          ? 'The platform organization: its people manage the others.'
          : null,
  }
}

/** What happened to one organization. */
export function historyScreen(shown: Shown, { data, next }: History, before?: string): Screen {
  const here = historyOf(shown.organization.id)
  const path = shown.frame.path(here)
  const [more, newest] = [next ? `${path}?before=${next}` : null, before ? path : null]
  return recordFrame({
    ...framed(shown, here),
    children: (
      <HistoryPanel
        resource={organizations}
        entries={data}
        clock={shown.frame.clock}
        more={more}
        newest={newest}
      />
    ),
  })
}

/** Leads to why the reader sees it: no scope but `all` reaches organizations, so it isn't asked of a record. */
function WhySeen({ organization, frame }: Shown) {
  const href = frame.path(paths.access.why({ permission: organizations.may('read') }))
  return <Why href={href} about={`can I see ${organization.name}`} />
}

const facts = (organization: OrganizationRecord, { clock }: Frame) => [
  { label: 'Status', value: status(organization) },
  { label: 'Short name', value: organization.slug },
  { label: 'People', value: people(organization) },
  {
    label: 'New accounts',
    value: organization.is_default ? 'Anyone who registers joins here' : 'By its administrators',
  },
  { label: 'Added', value: <Time at={organization.created_at} clock={clock} /> },
  { label: 'Changed', value: <Time at={organization.updated_at} clock={clock} /> },
]

/** A plain page load: the whole frame is another organization's afterwards. */
function Entrance({ organization, frame, refusal }: Shown) {
  return (
    <Panel title="Open as administrator">
      <ErrorSummary title="Couldn’t open this organization" errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.enterOrganization(organization.id))} csrfToken={frame.csrfToken} leaves>
        <Field
          {...fieldsOf(refusal)('reason')}
          label="Reason"
          hint="You can do everything there, for eight hours at most. Logged in both organizations."
          required
          maxlength={500}
          autocomplete="off"
        />
        <Actions>
          <Button kind="primary" icon="arrow-right">
            Open as administrator
          </Button>
        </Actions>
      </Form>
    </Panel>
  )
}

/** From active to suspended and back, where the platform may. */
function StatusButton({ organization, may, frame }: Shown) {
  const { id, name, version, kind, status } = organization
  if (!may.manage || !may.update || kind === 'platform') return null
  const action = frame.path(paths.toggleOrganization(id))
  const common = { action, method: 'patch' as const, csrfToken: frame.csrfToken, version }
  return status === 'active' ? (
    <ConfirmButton
      {...common}
      id="suspend"
      label="Suspend"
      icon="ban"
      title={`Suspend ${name}?`}
      text="Its people are signed out immediately and can’t sign in until it’s active again."
      confirm="Suspend organization"
    />
  ) : (
    <ConfirmButton
      {...common}
      id="activate"
      label="Activate"
      icon="rotate-ccw"
      kind="plain"
      title={`Activate ${name}?`}
      text="Its people can sign in again, and their previous sessions work again."
      confirm="Activate organization"
    />
  )
}
