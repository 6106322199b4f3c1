import type { Page } from '#src/db/paging.ts'
import { channels, type EventRecord } from '#src/domains/trail/events/model.ts'
import { type Names, sentence } from '#src/domains/trail/events/words.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { happenings, nounOf, targetNouns } from '#src/resource/history/happenings.ts'
import { isDay } from '#src/resource/kinds/parameters.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { EmptyState, NoMatch, PastTheEnd } from '#src/ui/feedback.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { listUrl } from '#src/ui/list-url.ts'
import { Pager } from '#src/ui/pager.tsx'
import { SuggestField } from '#src/ui/picker.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'

const channelLabels: Record<string, string> = {
  web: 'Browser',
  api: 'API',
  cli: 'Command line',
  job: 'Job',
  system: 'System',
  sql: 'Database',
  seed: 'Demo data',
}
export const channelOf = (via: string) => channelLabels[via] ?? via

const columns = (
  names: Names,
  frame: Frame,
  kinds: Readonly<Record<string, string>>,
): Column<EventRecord>[] => [
  {
    key: 'what',
    label: 'Event',
    href: (event) => frame.path(paths.event(event.id)),
    cell: (event) => sentence(event, names, frame.clock),
  },
  { key: 'kind', label: 'Action', cell: ({ action }) => kinds[action] ?? 'Other' },
  { key: 'via', label: 'Source', cell: (event) => channelOf(event.via) },
  {
    key: 'created_at',
    label: 'When',
    sortable: 'descending',
    cell: (event) => Time({ at: event.created_at, clock: frame.clock }),
  },
]

export type ListProps = {
  found: Page<EventRecord>
  names: Names
  view: ListView
  /** May take the list away as a file. */
  exports: boolean
  /** Reads everybody's, not only what they did themselves. */
  all: boolean
  frame: Frame
}

export function listScreen({ found, names, view, exports, all, frame }: ListProps): Screen {
  const path = frame.path(paths.events)
  const chosen = Object.fromEntries(
    Object.entries(view.filters).map(([name, values]) => [name, values.join(',')]),
  )
  const here = listUrl(path, { ...chosen, sort: view.sort })
  const rows = found.rows()
  const { next, previous, total, capped } = found
  return {
    title: 'Audit log',
    subtitle: all
      ? 'Every change and sign-in. Entries can’t be edited or deleted.'
      : 'Everything you changed, and your sign-ins.',
    actions: exports ? (
      <ButtonLink kind="quiet" icon="download" href={here({ format: 'csv' })} leaves>
        Export
      </ButtonLink>
    ) : null,
    children: (
      <>
        <Filters path={path} chosen={chosen} sort={view.sort} who={all} frame={frame} />
        <Table
          label="Events"
          columns={columns(names, frame, happenings())}
          rows={rows}
          rowKey={({ id }) => id}
          listUrl={here}
          sort={view.sort}
          empty={
            total ? (
              <PastTheEnd noun={{ one: 'event', many: 'events' }} {...found} {...view} listUrl={here} />
            ) : Object.keys(chosen).length ? (
              <NoMatch clear={path} />
            ) : (
              <EmptyState
                icon="scroll-text"
                title={all ? 'Nothing has happened yet' : 'You haven’t done anything yet'}
              />
            )
          }
        />
        <Pager
          many="events"
          listUrl={here}
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

type Chosen = Readonly<Record<string, string | undefined>>

const options = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([value, label]) => ({ value, label }))
/** One of each: what is attached to records of a kind stands beside them. */
const targetOptions = () =>
  Object.entries(targetNouns()).map(([value, noun]) => ({
    value,
    label: noun === nounOf(value) ? capital(noun) : `${capital(noun)} (${nounOf(value)})`,
  }))

type FiltersProps = { path: string; chosen: Chosen; sort: string; who: boolean; frame: Frame }

/** Actor, action, target, source and time. */
function Filters({ path, chosen, sort, who, frame }: FiltersProps) {
  const { clock } = frame
  const field = (name: string) => ({ name, value: chosen[name] ?? null })
  const day = (name: string) => ({
    name,
    value: chosen[name] && (isDay(chosen[name]) ? chosen[name] : clock.day(chosen[name])),
  })
  // what a link brought along, and has no field of its own
  const kept = [
    'actor_user_id',
    'target_id',
    'request_id',
    'cause_id',
    'created_at',
    'created_at.gt',
    'created_at.lt',
  ].filter((name) => chosen[name])
  return (
    <search>
      <form class="filters" method="get" action={path}>
        {who ? (
          <SuggestField
            {...field('actor')}
            label="Actor"
            placeholder="User name or e-mail"
            options={frame.person?.may('user:read') ? frame.path(pathsOf(paths.users).options) : null}
            many="people"
          />
        ) : null}
        <Select {...field('action')} label="Action" none="Any" options={options(happenings())} />
        <Select {...field('target_type')} label="Target" none="Any" options={targetOptions()} />
        <Select
          {...field('via')}
          label="Source"
          none="Any"
          options={channels.map((value) => ({ value, label: channelOf(value) }))}
        />
        <Field {...day('created_at.gte')} label="From" type="date" />
        <Field {...day('created_at.lte')} label="Until" type="date" />
        {kept.map((name) => (
          <input type="hidden" name={name} value={chosen[name]} />
        ))}
        <input type="hidden" name="sort" value={sort} />
        <div class="form-actions">
          <Button kind="primary">Apply</Button>
          {Object.keys(chosen).length ? <ButtonLink href={path}>Clear</ButtonLink> : null}
          <span class="hint">Days are in {clock.zone} time</span>
        </div>
      </form>
    </search>
  )
}
