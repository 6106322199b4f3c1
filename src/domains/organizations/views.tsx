import type { Page } from '#src/db/paging.ts'
import { type OrganizationRecord, statuses } from '#src/domains/organizations/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import type { ListView } from '#src/http/list.ts'
import { paths } from '#src/paths.ts'
import { address } from '#src/ui/address.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, EmptyState, Facts, NoMatch } from '#src/ui/feedback.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Pager } from '#src/ui/pager.tsx'
import { Columns, Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { Toolbar } from '#src/ui/toolbar.tsx'

/** Managing others is for the platform organization alone. */
export type May = { create: boolean; update: boolean; manage: boolean; enter: boolean }

const label = { active: 'Active', suspended: 'Suspended' }
const status = ({ status: is }: OrganizationRecord) =>
  Badge({ tone: is === 'active' ? 'good' : 'warn', children: label[is] })

const number = new Intl.NumberFormat('en')
const people = ({ users, users_is_lower_bound }: OrganizationRecord) =>
  users_is_lower_bound ? `more than ${number.format(users)}` : number.format(users)

const columns = (frame: Frame): Column<OrganizationRecord>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: ({ id }) => frame.path(paths.organization(id)),
    cell: (organization) => organization.name,
  },
  { key: 'slug', label: 'Short name', cell: (organization) => organization.slug },
  { key: 'users', label: 'People', align: 'end', cell: people },
  { key: 'status', label: 'Status', cell: status },
  {
    key: 'created_at',
    label: 'Since',
    sortable: 'descending',
    cell: (organization) => Time({ at: organization.created_at }),
  },
]

export function listScreen(found: Page<OrganizationRecord>, view: ListView, may: May, frame: Frame): Screen {
  const path = frame.path(paths.organizations)
  const chosen = view.filters.status?.join(',') ?? null
  const here = address(path, { q: view.q, status: chosen ?? undefined, sort: view.sort })
  const rows = found.rows()
  const { next, previous, total, capped } = found
  const filters = [
    {
      name: 'status',
      label: 'Status',
      value: chosen,
      options: statuses.map((value) => ({ value, label: label[value] })),
    },
  ]
  return {
    title: 'Organizations',
    lead: may.manage ? 'Every organization of this installation.' : 'The organization that you are in.',
    actions: may.create ? (
      <ButtonLink kind="primary" icon="plus" href={frame.path(paths.newOrganization)}>
        New organization
      </ButtonLink>
    ) : null,
    children: (
      <>
        <Toolbar
          path={path}
          address={here}
          q={view.q}
          placeholder="Name or short name"
          keep={{ sort: view.sort }}
          filters={filters}
        />
        <Table
          label="Organizations"
          columns={columns(frame)}
          rows={rows}
          rowKey={({ id }) => id}
          address={here}
          sort={view.sort}
          empty={
            view.q || chosen ? (
              <NoMatch clear={path} what="No organization" />
            ) : (
              <EmptyState icon="building-2" title="No organizations" />
            )
          }
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

type Shown = { organization: OrganizationRecord; may: May; frame: Frame; refusal?: Refusal }

export function organizationScreen(shown: Shown): Screen {
  const { organization, may, frame } = shown
  return {
    title: organization.name,
    lead:
      organization.status === 'suspended'
        ? 'Suspended: its people can’t sign in, and what they had open has ended.'
        : organization.kind === 'platform'
          ? 'The platform organization: its people manage the others.'
          : null,
    trail: [{ label: 'Organizations', href: frame.path(paths.organizations) }],
    actions: <OrganizationActions {...shown} />,
    children: (
      <Columns>
        <Panel title="Organization">
          <Facts items={facts(organization)} />
        </Panel>
        {may.enter && organization.kind === 'tenant' ? <Entrance {...shown} /> : null}
      </Columns>
    ),
  }
}

const facts = (organization: OrganizationRecord) => [
  { label: 'Status', value: status(organization) },
  { label: 'Short name', value: organization.slug },
  { label: 'People', value: people(organization) },
  {
    label: 'New accounts',
    value: organization.is_default ? 'Whoever registers joins here' : 'By its administrators',
  },
  { label: 'Since', value: <Time at={organization.created_at} /> },
  { label: 'Changed', value: <Time at={organization.updated_at} /> },
]

/** A plain page load: the whole frame is another organization's afterwards. */
function Entrance({ organization, frame, refusal }: Shown) {
  return (
    <Panel title="Enter">
      <ErrorSummary title="You did not enter" errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.enterOrganization(organization.id))} csrfToken={frame.csrfToken} leaves>
        <Field
          {...fieldsOf(refusal)('reason')}
          label="Reason"
          hint="You may do everything there, for eight hours at most. Both trails keep who you are, what you do and why."
          required
          maxlength={500}
          autocomplete="off"
        />
        <Actions>
          <Button kind="primary" icon="arrow-right">
            Enter
          </Button>
        </Actions>
      </Form>
    </Panel>
  )
}

function OrganizationActions({ organization, may, frame }: Shown) {
  const { path, csrfToken } = frame
  const { id, name, version } = organization
  const common = { action: path(paths.organization(id)), method: 'patch' as const, csrfToken, version }
  return (
    <>
      {may.manage && may.update && organization.kind === 'tenant' ? (
        organization.status === 'active' ? (
          <ConfirmButton
            {...common}
            id="suspend"
            fields={{ status: 'suspended' }}
            label="Suspend"
            icon="ban"
            title={`Suspend ${name}?`}
            text="Its people are signed out at once, and can’t sign in until it is active again."
            confirm="Suspend"
          />
        ) : (
          <ConfirmButton
            {...common}
            id="activate"
            fields={{ status: 'active' }}
            label="Activate"
            icon="rotate-ccw"
            kind="plain"
            title={`Let ${name} work again?`}
            text="Its people can sign in again, and sessions that were open go on."
            confirm="Activate"
          />
        )
      ) : null}
      {may.update ? (
        <ButtonLink kind="primary" icon="pencil" href={path(paths.editOrganization(id))}>
          Edit
        </ButtonLink>
      ) : null}
    </>
  )
}
