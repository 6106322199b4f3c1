import type { Model } from '#src/access/permission.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import type { BulkAnswer } from '#src/resource/bulk.ts'
import type { Bulk } from '#src/resource/parts.ts'
import { placesOf } from '#src/resource/places.ts'
import type { Resource } from '#src/resource/resource.ts'
import { capital } from '#src/resource/views/cell.tsx'
import type { Noun } from '#src/ui/bulk.tsx'
import { BulkResult, count, counted, type RefusedRow } from '#src/ui/bulk-result.tsx'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

/** What was done, and how many were so already: "2 people disabled", "3 already disabled". */
export function fared(
  noun: Noun,
  { did, already = 'unchanged' }: Bulk,
  { done, unchanged }: Pick<BulkAnswer, 'done' | 'unchanged'>,
): string[] {
  if (!unchanged) return [`${counted(done, noun)} ${did}`]
  if (!done) return [`${counted(unchanged, noun)} ${already}`]
  return [`${counted(done, noun)} ${did}`, `${count(unchanged)} ${already}`]
}

type Outcomes = { fared: readonly string[]; refused: readonly RefusedRow[]; fields: Record<string, string> }

/** How each record fared, where some were refused. */
export const outcomeScreen = <M extends Model>(
  { path, declared }: Resource<M>,
  { label }: Bulk,
  { fared, refused, fields }: Outcomes,
  frame: Frame,
): Screen => ({
  title: `${label}: ${declared.many}`,
  trail: [{ label: capital(declared.many), href: frame.path(path) }],
  children: BulkResult({
    fared,
    noun: declared,
    refused,
    back: { label: `Back to ${declared.many}`, href: frame.path(path) },
    again: { action: frame.path(placesOf(path).bulk), csrfToken: frame.csrfToken, fields },
  }),
})

/** What is still to be chosen, or what was wrong. */
export function againScreen<M extends Model>(
  { path, declared }: Resource<M>,
  bulk: Bulk | undefined,
  choices: readonly { value: string; label: string }[],
  { input, errors, message }: Refusal,
  frame: Frame,
): Screen {
  const { asks } = bulk ?? {}
  const asking = asks && errors.length === 1 && errors[0]?.path === asks.name ? asks : undefined
  return {
    title: `${bulk?.label ?? 'Change'}: ${declared.many}`,
    trail: [{ label: capital(declared.many), href: frame.path(path) }],
    children: (
      <Panel>
        <ErrorSummary errors={asking ? [] : [{ path: '', message }]} title="This was not done" />
        {asking ? (
          <Form action={frame.path(placesOf(path).bulk)} csrfToken={frame.csrfToken}>
            {Object.entries(input).flatMap(([name, values]) =>
              [values].flat().map((value) => <input type="hidden" name={name} value={String(value)} />),
            )}
            <Select name={asking.name} label={asking.label} required options={choices} />
            <Actions>
              <Button kind="primary">{bulk?.label}</Button>
              <ButtonLink href={frame.path(path)}>Cancel</ButtonLink>
            </Actions>
          </Form>
        ) : (
          <ButtonLink href={frame.path(path)}>Back to {declared.many}</ButtonLink>
        )}
      </Panel>
    ),
  }
}
