import type { Effective, Source } from '#src/access/effective.ts'
import type { Subject } from '#src/access/standing.ts'
import type { Compared } from '#src/domains/access/effective/queries.ts'
import { users } from '#src/domains/people/users/model.ts'
import type { Screen } from '#src/http/endpoint.ts'
import type { Clock } from '#src/locale/clock.ts'
import { counted } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { modelInWords, permissionInWords } from '#src/resource/permission-words.ts'
import type { FoundRecord } from '#src/resource/record/query.ts'
import { recordFrame } from '#src/resource/record/views.tsx'
import { Button } from '#src/ui/button.tsx'
import { EmptyState, NoMatch } from '#src/ui/feedback.tsx'
import { Field } from '#src/ui/field.tsx'
import { ErrorSummary } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { type Child, html } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import { listUrl } from '#src/ui/list-url.ts'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { Toolbar } from '#src/ui/toolbar.tsx'
import { Why } from '#src/ui/why.tsx'

type HeldProps = {
  subject: Subject
  record: FoundRecord & { row: () => RecordRow }
  /** What the filter chooses from, and what it left. */
  all: readonly Effective[]
  permissions: readonly Effective[]
  model: string | undefined
  /** Whether the reader may look at others beside. */
  others: boolean
  /** Why there is nobody to compare with. */
  error?: string | undefined
  frame: Frame
}

const rows = { all: 'All records', group: 'Records in their groups', own: 'Their own records' }
const described = ({ code, description }: { code: string; description: string }) =>
  html`${description || permissionInWords(code)}<code class="nothing described">${code}</code>`

/** All that somebody may now, and where each of it comes from: a part of their record. */
export function heldScreen(props: HeldProps): Screen {
  const { subject, record, all, permissions, model, others, error, frame } = props
  const place = paths.userPermissions(subject.id)
  const path = frame.path(place)
  const here = listUrl(path, { model })
  const models = [...new Set(all.map((held) => held.model))]
  return recordFrame({
    resource: users,
    row: record.row(),
    may: record,
    frame,
    here: place,
    tabs: [{ label: 'Permissions', path: place }],
    children: (
      <>
        <ErrorSummary errors={error ? [{ path: '', message: error }] : undefined} title="Couldn’t compare" />
        <p class="lead">
          {subject.inactive
            ? `No permissions now: ${subject.name} ${subject.inactive}.`
            : `${counted(all.length, { one: 'permission', many: 'permissions' })}, with the roles that grant them.`}
        </p>
        <Toolbar
          path={path}
          listUrl={here}
          filters={[
            {
              name: 'model',
              label: 'Model',
              value: model ?? null,
              as: 'select',
              any: 'All models',
              options: models.map((value) => ({ value, label: modelInWords(value) })),
            },
          ]}
        />
        <Table
          label={`Permissions of ${subject.name}`}
          columns={columnsFor(subject, frame)}
          rows={permissions}
          rowKey={({ code }) => code}
          listUrl={here}
          empty={model ? <NoMatch clear={path} /> : <EmptyState icon="lock" title="No permissions yet" />}
        />
        {others ? <CompareWith subject={subject} frame={frame} /> : null}
      </>
    ),
  })
}

const trailOf = ({ id, name }: Pick<Subject, 'id' | 'name'>, frame: Frame) => [
  { label: 'People', href: frame.path(paths.users) },
  { label: name, href: frame.path(paths.user(id)) },
]

const columnsFor = (subject: Subject, frame: Frame): Column<Effective>[] => [
  { key: 'code', label: 'Permission', cell: described },
  { key: 'scope', label: 'Scope', cell: ({ scope }) => rows[scope] },
  {
    key: 'sources',
    label: 'Granted by',
    cell: ({ sources }) =>
      sources.length
        ? html`<div>${sources.map((source) => From(source, frame.clock))}</div>`
        : entered(subject),
  },
  {
    key: 'why',
    label: 'Explanation',
    unseen: true,
    cell: ({ model, action, code }) =>
      Why({
        href: frame.path(paths.access.why({ user: subject.id, permission: `${model}:${action}` })),
        about: code,
      }),
  },
]

const entered = ({ shadow }: Subject) => (shadow ? 'opened from the platform organization' : null)

/** "clerk, by reader, until …" */
function From({ role, inherited, expires_at }: Source, clock: Clock): Child {
  const above = inherited.map(nameOf)
  return html`<span class="source">${nameOf(role)}${above.map((name) => html` ${Icon({ name: 'arrow-right' })}<span class="unseen"> inherits from </span> ${name}`)}${
    expires_at ? html` <span class="nothing">until ${Time({ at: expires_at, clock })}</span>` : null
  }</span>`
}

const nameOf = ({ name }: { name: string | null }): Child =>
  name ?? html`<span class="nothing">a role you don’t have access to</span>`

function CompareWith({ subject, frame }: { subject: Subject; frame: Frame }) {
  return (
    <Panel title="Compare">
      <form class="form why-form" method="get" action={frame.path(paths.userPermissions(subject.id))}>
        <Field name="compare" label="With" hint="User name, e-mail or id" required autocomplete="off" />
        <div class="form-actions">
          <Button>Compare</Button>
        </div>
      </form>
    </Panel>
  )
}

type ComparedProps = {
  people: readonly [Subject, Subject]
  data: readonly Compared[]
  frame: Frame
}

/** Two people side by side: what only one of them has, and what both have. */
export function comparedScreen({ people, data, frame }: ComparedProps): Screen {
  const [one, other] = people
  const parts = [
    { title: `Only ${one.name}`, found: data.filter(({ held }) => held[0] && !held[1]) },
    { title: `Only ${other.name}`, found: data.filter(({ held }) => !held[0] && held[1]) },
    { title: 'Both', found: data.filter(({ held }) => held[0] && held[1]) },
  ]
  return {
    title: `${one.name} and ${other.name}`,
    subtitle: 'Which permissions only one of them has, and which both have.',
    breadcrumbs: [
      ...trailOf(one, frame),
      { label: 'Permissions', href: frame.path(paths.userPermissions(one.id)) },
    ],
    children: <SideBySide parts={parts} />,
  }
}

/** Lists of permissions beside each other. */
export function SideBySide({ parts }: { parts: readonly { title: string; found: readonly Listed[] }[] }) {
  return (
    <div class="beside">
      {parts.map(({ title, found }) => (
        <Panel title={`${title} (${found.length})`}>
          {found.length ? (
            <ul class="plain-list">
              {found.map((held) => (
                <li>
                  {described(held)} {held.note ? <span class="nothing">{held.note}</span> : null}
                </li>
              ))}
            </ul>
          ) : (
            <p class="nothing">None.</p>
          )}
        </Panel>
      ))}
    </div>
  )
}

type Listed = { code: string; description: string; note?: string }
