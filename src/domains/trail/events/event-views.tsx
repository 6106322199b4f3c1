import type { Cause } from '#src/access/cause.ts'
import type { Act, EventRecord } from '#src/domains/trail/events/model.ts'
import { channelOf } from '#src/domains/trail/events/views.tsx'
import { type Names, sentence, whoDid } from '#src/domains/trail/events/words.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { capital, number } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import { happenings, nounOf, targetNouns } from '#src/resource/history/happenings.ts'
import { type Change, Difference } from '#src/ui/difference.tsx'
import { CopyButton, type Fact, Facts } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { listUrl } from '#src/ui/list-url.ts'
import { Columns, Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'
import { Why } from '#src/ui/why.tsx'

const causes: Readonly<Record<Cause['kind'], string>> = {
  request: 'request',
  bulk: 'bulk action',
  import: 'import',
  job: 'job',
  command: 'command',
}
const nounOfCause = ({ cause_kind }: EventRecord) => causes[cause_kind ?? 'request']

export type EventProps = {
  event: EventRecord
  names: Names
  changes: readonly Change[]
  /** Where the record is that it is about, for whoever may see it. */
  target: string | null
  act: Act
  frame: Frame
}

export function eventScreen({ event, names, changes, target, act, frame }: EventProps): Screen {
  return {
    title: sentence(event, names, frame.clock),
    breadcrumbs: [{ label: 'Audit log', href: frame.path(paths.events) }],
    children: (
      <Columns>
        <Panel title="Changes">
          {event.reason ? <blockquote>{event.reason}</blockquote> : null}
          {changes.length ? <Difference changes={changes} /> : <p class="nothing">No details recorded.</p>}
        </Panel>
        <Panel title="Details">
          <Facts items={factsOf(event, target, act, frame)} />
        </Panel>
        {act.beside.length ? (
          <Panel title={`In the same ${nounOfCause(event)}`}>
            <ul class="plain-list">
              {act.beside.map((one) => (
                <li>
                  <a href={frame.path(paths.event(one.id))}>{sentence(one, names, frame.clock)}</a>
                </li>
              ))}
            </ul>
          </Panel>
        ) : null}
      </Columns>
    ),
  }
}

function factsOf(event: EventRecord, target: string | null, { total, capped }: Act, frame: Frame): Fact[] {
  const { actor, api_key, via, created_at, ip, request_id, cause_id } = event
  const wanted = /^\w+:\w+/.exec(String(event.data.wanted ?? ''))?.[0]
  const of = event.target.id && wanted?.startsWith(`${event.target.type}:`)
  const about = of ? { record: String(event.target.id) } : {}
  const who =
    actor?.name && !actor.organization_id ? (
      <a href={frame.path(paths.user(actor.id))}>{whoDid(event)}</a>
    ) : (
      whoDid(event)
    )
  return [
    { label: 'Actor', value: who },
    {
      label: 'Action',
      value: (
        <>
          {happenings()[event.action] ?? 'Other'} <code>{event.action}</code>
        </>
      ),
    },
    {
      label: 'Target',
      value: target ? (
        <a href={frame.path(target)}>{event.target.name}</a>
      ) : (
        (event.target.name ?? capital(targetNouns()[event.target.type] ?? nounOf(event.target.type)))
      ),
    },
    { label: 'Source', value: channelOf(via) },
    ...(api_key
      ? [
          {
            label: 'API key',
            value: api_key.name ? (
              <a href={frame.path(paths.apiKey(api_key.id))}>{api_key.name}</a>
            ) : (
              <code>{api_key.id}</code>
            ),
          },
        ]
      : []),
    ...(ip ? [{ label: 'IP address', value: ip }] : []),
    { label: 'When', value: <Time at={created_at} clock={frame.clock} /> },
    ...(wanted && actor
      ? [
          {
            label: 'Missing permission',
            value: (
              <>
                {String(event.data.wanted)}{' '}
                <Why
                  href={frame.path(paths.access.why({ user: actor.id, permission: wanted, ...about }))}
                  about={wanted}
                />
              </>
            ),
          },
        ]
      : []),
    ...(request_id
      ? [
          {
            label: 'Request ID',
            value: (
              <>
                <code>{request_id}</code> <CopyButton text={request_id} label="Copy request ID" />
              </>
            ),
          },
        ]
      : []),
    ...(cause_id && total > 1
      ? [
          {
            label: 'Part of',
            value: (
              <a href={listUrl(frame.path(paths.events), { cause_id })({})}>
                {capped ? 'More than' : 'All'} {number(total)} changes of this {nounOfCause(event)}
              </a>
            ),
          },
        ]
      : []),
  ]
}
