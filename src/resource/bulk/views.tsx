import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { capital, counted, type Noun, number } from '#src/locale/noun.ts'
import { listAgain, pathsOf } from '#src/paths.ts'
import type { BulkAnswer } from '#src/resource/bulk/outcome.ts'
import type { Preview } from '#src/resource/bulk/preview.ts'
import { hashOf, type Selection } from '#src/resource/bulk/selection.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Bulk } from '#src/resource/parts.ts'
import { BulkResult, type RefusedRow } from '#src/ui/bulk-result.tsx'
import { ButtonLink } from '#src/ui/button.tsx'
import { ConfirmSheet, FirstNames } from '#src/ui/confirm-sheet.tsx'
import { Select } from '#src/ui/field.tsx'
import { ErrorSummary, errorAt } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

/** Breadcrumbs back to the list as it was. */
const trailTo = ({ path, declared }: Resource, back: unknown, frame: Frame) => [
  { label: capital(declared.many), href: frame.path(listAgain(path, back)) },
]

/** The action with its number: "Disable 3 people", "Assign a role to 3 people". */
const saying = ({ label, verb = label, preposition }: Bulk, count: number, noun: Noun) =>
  [verb, preposition, counted(count, noun)].filter(Boolean).join(' ')

/** The result in words: "2 people disabled", "3 already disabled". */
export function fared(
  noun: Noun,
  { doneLabel, already = 'unchanged' }: Bulk,
  { done, unchanged }: Pick<BulkAnswer, 'done' | 'unchanged'>,
  chosen: string,
): string[] {
  const people = counted(done, noun)
  const lines = done
    ? [typeof doneLabel === 'string' ? `${people} ${doneLabel}` : doneLabel(people, chosen)]
    : []
  if (unchanged) lines.push(`${done ? number(unchanged) : counted(unchanged, noun)} ${already}`)
  return lines
}

type Outcomes = {
  count: number
  fared: readonly string[]
  refused: readonly RefusedRow[]
  fields: Record<string, string>
  back: unknown
}

/** The outcome for each record, if some were refused. */
export const outcomeScreen = (
  resource: Resource,
  bulk: Bulk,
  { count, fared, refused, fields, back }: Outcomes,
  frame: Frame,
): Screen => {
  const { path, declared } = resource
  return {
    title: saying(bulk, count, declared),
    breadcrumbs: trailTo(resource, back, frame),
    children: BulkResult({
      fared,
      noun: declared,
      refused,
      back: { label: `Back to ${declared.many}`, href: frame.path(listAgain(path, back)) },
      again: { action: frame.path(pathsOf(path).bulk), csrfToken: frame.csrfToken, fields },
    }),
  }
}

type Confirming = { bulk: Bulk; action: string; selection: Selection; preview: Preview; back: unknown }

/** What is about to be done, to how many records and to which. */
export function confirmScreen(
  resource: Resource,
  { bulk, action, selection, preview, back }: Confirming,
  frame: Frame,
  refusal?: Refusal,
): Screen {
  const { path, declared } = resource
  const { prompt } = bulk
  const count = preview.ids.length
  const what = saying(bulk, count, declared)
  const missing = prompt && errorAt(refusal?.errors, prompt.name)
  const chosen = prompt && refusal?.input[prompt.name]
  return {
    title: `${what}?`,
    breadcrumbs: trailTo(resource, back, frame),
    children: (
      <ConfirmSheet
        action={frame.path(pathsOf(path).bulk)}
        csrfToken={frame.csrfToken}
        fields={[
          ['action', action],
          ...Object.entries(selection).flatMap(([name, values]) =>
            [values].flat().map((value) => [name, String(value)] as const),
          ),
          ['count', String(count)],
          ['hash', hashOf(preview.ids)],
          ...(typeof back === 'string' ? [['back', back] as const] : []),
        ]}
        consequence={preview.consequence}
        button={what}
        icon={bulk.icon}
        danger={bulk.danger}
        back={frame.path(listAgain(path, back))}
        refused={refusal && !missing ? refusal.message : undefined}
      >
        <FirstNames names={preview.names} count={count} noun={declared} />
        <Filter {...preview} many={declared.many} href={frame.path(listAgain(path, back))} />
        {prompt ? (
          <Select
            name={prompt.name}
            label={prompt.label}
            required
            none={`Choose a ${prompt.label.toLowerCase()}…`}
            options={preview.choices}
            value={typeof chosen === 'string' ? chosen : null}
            error={missing}
          />
        ) : null}
      </ConfirmSheet>
    ),
  }
}

/** How they were chosen, with a link to look at them. */
function Filter({ limits, many, href }: Pick<Preview, 'limits'> & { many: string; href: string }) {
  if (limits === null) return null
  return (
    <p>
      {limits ? `Filter: ${limits}.` : `No filter: all ${many} you have access to.`}{' '}
      <a href={href}>Show the list</a>
    </p>
  )
}

/** Nothing to confirm: what is wrong, and a link back. */
export const refusedScreen = (
  resource: Resource,
  { message }: Refusal,
  back: unknown,
  frame: Frame,
): Screen => ({
  title: `Change ${resource.declared.many}`,
  breadcrumbs: trailTo(resource, back, frame),
  children: (
    <Panel>
      <ErrorSummary errors={[{ path: '', message }]} title="Not done" />
      <ButtonLink href={frame.path(listAgain(resource.path, back))}>
        Back to {resource.declared.many}
      </ButtonLink>
    </Panel>
  ),
})
