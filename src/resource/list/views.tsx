import type { Model } from '#src/access/permission.ts'
import type { Page } from '#src/db/paging.ts'
import type { Draw, Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import type { EntityCall } from '#src/resource/call.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import { shown } from '#src/resource/kinds/cell.tsx'
import type { ListView } from '#src/resource/list/declaration.ts'
import { countable } from '#src/resource/list/facets.ts'
import { chosenIn, filtersOf } from '#src/resource/list/filters-in-words.ts'
import { type BulkAction, BulkBar, BulkChoice } from '#src/ui/bulk.tsx'
import { ButtonLink } from '#src/ui/button.tsx'
import { EmptyState, NoAccess, NoMatch, PastTheEnd } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { type ListUrl, listUrl } from '#src/ui/list-url.ts'
import { Pager } from '#src/ui/pager.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Tabs } from '#src/ui/tabs.tsx'
import { type Filter, Toolbar } from '#src/ui/toolbar.tsx'

/** What the reader may do with the entity's records, in any scope. */
export type May = { create: boolean; update: boolean; delete: boolean }

/** A tab to another list; `path` includes its filters. */
export type ListTab = { label: string; path: string; current: boolean }

/** An incomplete bulk action: ticked rows without an action, or the reverse. */
export type Choosing = { message: string; ids: readonly string[]; every: boolean }

export type ListProps = {
  resource: Resource
  found: Page<RecordRow>
  view: ListView
  /** Whether the reader sees every record. */
  all: boolean
  /** The list's query string as requested. */
  at: string
  may: May
  frame: Frame
  /** Replaces the declared columns. */
  columns?: Column<RecordRow>[]
  bulk?: readonly BulkAction[]
  choosing?: Choosing
  /** In addition to the declared filters. */
  filters?: readonly Filter[]
  tabs?: readonly ListTab[]
  /** Further actions in the head. */
  actions?: Child
  imports?: boolean
}

/** The list as a page. */
export function listScreen(props: ListProps): Screen {
  const { resource, found, view, at, may, frame, bulk = [], choosing } = props
  const { one, many, subtitle, searched, adding = `Add ${one}` } = resource.declared
  const places = pathsOf(resource.path)
  const path = frame.path(places.list)
  const chosen = chosenIn(view)
  const here = listUrl(path, { q: view.q, ...chosen, sort: view.sort })
  const filters = [...(props.filters ?? []), ...filtersOf(resource, chosen, may)]
  const filtered = Boolean(view.q || Object.keys(chosen).length)
  const rows = found.rows()
  const { next, previous, total, capped } = found
  const facets = listUrl(frame.path(places.facets), { q: view.q, ...chosen })({})
  const matching = new URL(here({ sort: null }), 'http://list').search.slice(1)
  return {
    title: capital(many),
    subtitle,
    actions: (
      <>
        {props.actions}
        {may.create ? (
          <ButtonLink kind="primary" icon="plus" href={frame.path(places.new)}>
            {adding}
          </ButtonLink>
        ) : null}
      </>
    ),
    children: (
      <>
        {choosing ? <BulkChoice message={choosing.message} actions={rows.length ? bulk : []} /> : null}
        <ListTabs {...props} />
        <Toolbar
          path={path}
          listUrl={here}
          q={searched ? view.q : undefined}
          placeholder={`Search ${many}`}
          keep={{ sort: view.sort }}
          filters={filters}
          facets={countable(resource).length ? facets : undefined}
        >
          <ListLinks {...props} csv={here({ format: 'csv' })} />
        </Toolbar>
        <Table
          label={capital(many)}
          columns={props.columns ?? listColumns(resource, frame)}
          rows={rows}
          rowKey={(row) => row.id}
          select={
            bulk.length
              ? { form: 'bulk', name: 'ids', label: (row) => resource.titleOf(row), ticked: choosing?.ids }
              : undefined
          }
          listUrl={here}
          sort={view.sort}
          empty={<Empty {...props} filtered={filtered} listUrl={here} />}
        />
        <Pager
          many={many}
          listUrl={here}
          next={next}
          previous={previous}
          shown={rows.length}
          first={view.offset ? view.offset + 1 : null}
          total={total}
          capped={capped}
        />
        {bulk.length && rows.length ? (
          <BulkBar
            action={frame.path(places.bulkPreview)}
            csrfToken={frame.csrfToken}
            noun={{ one, many }}
            shown={rows.length}
            total={total}
            capped={capped}
            matching={matching}
            back={at}
            actions={bulk}
            every={choosing?.every}
          />
        ) : null}
      </>
    ),
  }
}

/** Says why there are no rows, for each of four reasons. */
function Empty({
  resource,
  found,
  view,
  all,
  may,
  frame,
  filtered,
  listUrl,
}: ListProps & { filtered: boolean; listUrl: ListUrl }) {
  const { one, many, icon, adding = `Add ${one}` } = resource.declared
  if (found.total) return <PastTheEnd noun={{ one, many }} {...found} {...view} listUrl={listUrl} />
  if (filtered) return <NoMatch clear={frame.path(resource.path)} many={many} />
  if (!all) return <NoAccess title={`No ${many} you have access to`} />
  return (
    <EmptyState icon={icon} title={`No ${many} yet`}>
      {may.create ? (
        <ButtonLink kind="primary" icon="plus" href={frame.path(pathsOf(resource.path).new)}>
          {adding}
        </ButtonLink>
      ) : null}
    </EmptyState>
  )
}

function ListTabs({ tabs = [], frame }: ListProps) {
  if (tabs.length < 2) return null
  const items = tabs.map(({ path, ...tab }) => ({ ...tab, href: frame.path(path) }))
  return <Tabs label="Lists" items={items} />
}

function ListLinks({ resource, frame, may, imports, csv }: ListProps & { csv: string }) {
  const places = pathsOf(resource.path)
  return (
    <>
      <ButtonLink kind="quiet" icon="download" href={csv} leaves>
        Export
      </ButtonLink>
      {imports && may.create ? (
        <ButtonLink kind="quiet" icon="upload" href={frame.path(places.import)}>
          Import
        </ButtonLink>
      ) : null}
    </>
  )
}

/** The declared columns; the one that names the record links to it. */
function listColumns(resource: Resource, frame: Frame): Column<RecordRow>[] {
  const { declared, columns, list } = resource
  const places = pathsOf(resource.path)
  const listed = Object.entries(columns).filter(([, { listed }]) => listed)
  const title = typeof declared.title === 'string' ? declared.title : null
  const lead: Column<RecordRow>[] = title
    ? []
    : [
        {
          key: 'title',
          label: capital(declared.one),
          href: (row) => frame.path(places.one(row.id)),
          cell: (row) => resource.titleOf(row),
        },
      ]
  return [
    ...lead,
    ...listed.map(([name, column]) => ({
      key: name,
      label: column.label,
      sortable: name in list.sorts && (column.kind.descends ? 'descending' : true),
      align: column.kind.align,
      href: name === title ? (row: RecordRow) => frame.path(places.one(row.id)) : undefined,
      cell: (row: RecordRow) => shown(resource, name, row, frame),
    })),
  ] as Column<RecordRow>[]
}

/** Draws a list as it was left, with its ticked rows. @param at its query string */
export type Again<M extends Model> = (given: EntityCall<M>, at: string, choosing: Choosing) => Promise<Draw>
