import type { Explanation, Path } from '#src/access/explain.ts'
import { askWhom, type Refused } from '#src/domains/access/explain/model.ts'
import type { Choices } from '#src/domains/access/explain/queries.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { Permission } from '#src/resource/permission-views.tsx'
import { abilityInWords, modelInWords, permissionInWords } from '#src/resource/permission-words.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { ErrorSummary } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import { SuggestField } from '#src/ui/picker.tsx'
import { Panel } from '#src/ui/surface.tsx'

/** A question as it stands in the form. */
type Entered = { user?: string; permission?: string; record?: string }

/** A record by its name. */
type Titled = { name: string; path: string }

type WhyProps = {
  choices: Choices
  entered: Entered
  explanation?: Explanation
  /** The record that was asked about, where it has a page. */
  record?: Titled | null
  /** The reader's own user name: whom the form begins with. */
  me: string
  error?: string
  frame: Frame
}

/** The form, and the answer to what it asked. */
export const whyScreen = ({ choices, entered, explanation, record, me, error, frame }: WhyProps): Screen => ({
  title: 'Access check',
  subtitle: 'Check whether someone can do something, and why.',
  children: (
    <>
      <ErrorSummary errors={error ? [{ path: '', message: error }] : undefined} title="Couldn’t check" />
      {explanation ? (
        <Verdict
          explanation={explanation}
          what={entered.permission ?? ''}
          record={
            record ? (
              <a href={frame.path(record.path)}>{record.name}</a>
            ) : entered.record ? (
              <code>{entered.record}</code>
            ) : null
          }
        />
      ) : null}
      <Panel title={explanation ? 'New check' : undefined}>
        <Question choices={choices} entered={entered} me={me} frame={frame} />
      </Panel>
    </>
  ),
})

function Question({ choices, entered, me, frame }: Omit<WhyProps, 'explanation' | 'error'>) {
  const { permissions, others } = choices
  return (
    <form class="form why-form" method="get" action={frame.path(paths.access.explain)}>
      {others ? (
        <SuggestField
          name="user"
          label="Person"
          hint="User name, e-mail or id"
          value={entered.user ?? me}
          required
          options={frame.person?.may('user:read') ? frame.path(pathsOf(paths.users).options) : null}
          many="people"
        />
      ) : null}
      <div class="field">
        <label for="permission">Permission</label>
        <select id="permission" name="permission" required>
          {groupsOf(permissions, entered.permission).map(([model, codes]) => (
            <optgroup label={modelInWords(model)}>
              {codes.map((code) => (
                <option value={code} selected={code === entered.permission}>
                  {permissionInWords(code)} ({code})
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </div>
      <Field
        name="record"
        label="Record"
        hint="Optional: the id of a specific record"
        value={entered.record}
        autocomplete="off"
      />
      <div class="form-actions">
        <Button kind="primary">Check access</Button>
      </div>
    </form>
  )
}

function groupsOf(permissions: readonly string[], chosen: string | undefined): [string, string[]][] {
  const groups = new Map<string, string[]>()
  for (const code of chosen && !permissions.includes(chosen) ? [...permissions, chosen] : permissions) {
    const model = code.slice(0, code.indexOf(':'))
    groups.set(model, [...(groups.get(model) ?? []), code])
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b, 'en'))
}

type VerdictProps = { explanation: Explanation; what: string; record?: Child }

/** Yes or no in words and a sign, then the paths that lead there, or what is missing. */
function Verdict({ explanation, what, record }: VerdictProps) {
  const { subject, allowed, because, missing, inactive } = explanation
  return (
    <section class={`panel verdict ${allowed ? 'yes' : 'no'}`} aria-label="Answer">
      <p class="verdict-line">
        <Icon name={allowed ? 'circle-check' : 'ban'} />
        <span>
          {subject.name} <strong>{allowed ? 'can' : 'can’t'}</strong> {abilityInWords(what, Boolean(record))}
          {record ? <> {record}</> : null} <code class="nothing">{what}</code>
        </span>
      </p>
      {allowed ? <Paths name={subject.name} because={because} /> : null}
      <Inactive sentences={inactive} />
      {missing ? <Missing {...missing} /> : null}
    </section>
  )
}

function Paths({ name, because }: { name: string; because: readonly Path[] }) {
  return (
    <>
      <h2>{because.length === 1 ? 'Because' : `Because, in ${because.length} ways`}</h2>
      {because.map((path) => (
        <Drawn name={name} path={path} />
      ))}
    </>
  )
}

/** The way from the person to the record, a step each. */
function Drawn({ name, path }: { name: string; path: Path }) {
  const { role, inherited, permission, scope, column, groups } = path
  return (
    <ol class="path">
      <Step kind="Person" value={name} />
      <Step kind="has the role" value={nameOf('role', role)} />
      {inherited.map((one) => (
        <Step kind="inherits from" value={nameOf('role', one)} />
      ))}
      <Step kind="grants" value={<Permission code={permission} />} />
      <Step kind="on" value={rowsOf[scope]} />
      {column ? <Step kind="matched by" value={<code>{column}</code>} /> : null}
      {groups?.map((group, index) => (
        <Step kind={index ? 'subgroup' : 'member of'} value={nameOf('group', group)} />
      ))}
    </ol>
  )
}

const Step = ({ kind, value }: { kind: string; value: Child }) => (
  <li>
    <span class="path-kind">{kind}</span>
    <span class="path-value">{value}</span>
  </li>
)

const rowsOf = { all: 'all records', group: 'records in their groups', own: 'their own records' }
const nameOf = (kind: string, { name }: { name: string | null }) =>
  name ?? <span class="nothing">a {kind} you don’t have access to</span>

function Inactive({ sentences }: { sentences: readonly string[] }) {
  return sentences.length ? (
    <>
      <h2>Inactive grants</h2>
      <ul class="reasons">
        {sentences.map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
    </>
  ) : null
}

function Missing({ permissions, roles }: NonNullable<Explanation['missing']>) {
  return permissions.length ? (
    <>
      <h2>{permissions.length === 1 ? 'Missing permission' : 'Missing: any of these permissions'}</h2>
      <ul class="reasons">
        {permissions.map((code) => (
          <li>
            <Permission code={code} />
          </li>
        ))}
      </ul>
      <h2>Roles that grant it</h2>
      {roles.length ? (
        <ul class="reasons">
          {roles.map((role) => (
            <li>{role.name}</li>
          ))}
        </ul>
      ) : (
        <p class="nothing">No roles.</p>
      )}
    </>
  ) : null
}

type RefusedProps = Refused & { request: string; frame: Frame }

/** Why a request was refused to the reader, as things stand now. */
export const refusedScreen = ({ explanation, permission, request, frame }: RefusedProps): Screen => ({
  title: 'Why access was denied',
  subtitle: (
    <>
      About the request <code>{request}</code>.
    </>
  ),
  breadcrumbs: [{ label: 'Access check', href: frame.path(paths.access.explain) }],
  children:
    explanation && permission ? (
      <Verdict explanation={explanation} what={permission} />
    ) : (
      <section class={`panel verdict ${explanation?.allowed ? 'yes' : 'no'}`} aria-label="Answer">
        <p class="verdict-line">
          <Icon name={explanation?.allowed ? 'circle-check' : 'ban'} />
          <span>{verdictOf(explanation)}</span>
        </p>
        <Inactive sentences={explanation?.inactive ?? []} />
        <h2>What to do</h2>
        <p>{askWhom(request)}</p>
      </section>
    ),
})

/** The verdict without the name of a permission. */
function verdictOf(explanation: Explanation | null): string {
  if (!explanation) return 'This wasn’t denied because of a missing permission.'
  if (explanation.allowed) return 'You can do this now. Try again.'
  const { held } = explanation
  if (!held.length) return 'You don’t have the permission for this.'
  const rows = held.map(
    (scope) => ({ all: 'all records', group: 'records in your groups', own: 'your own records' })[scope],
  )
  return `You can only do this with ${rows.join(' and ')}, and this isn’t one of them.`
}
