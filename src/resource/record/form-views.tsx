import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import type { LastChange } from '#src/resource/history/query.ts'
import { ColumnField } from '#src/resource/record/field.tsx'
import type { Pickings } from '#src/resource/references/picking.ts'
import type { Severals } from '#src/resource/references/several.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Conflict } from '#src/ui/conflict.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors, versionFor } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'

/** All options of each column, by column name, if there are few. */
export type Offered = Readonly<Record<string, readonly { value: string; label: string }[]>>

export type FieldsProps = {
  field: ReturnType<typeof fieldsOf>
  refusal?: Refusal
  /** The record being changed; absent for a new one. */
  row?: RecordRow
}

/** Fields that aren't columns: each with its values, by name if they have one. */
export type Held = Record<string, { label: string; values: readonly { value: string; label?: string }[] }>

export type FormProps = {
  resource: Resource
  frame: Frame
  offered: Offered
  pickings: Pickings
  severals: Severals
  row?: RecordRow
  refusal?: Refusal
  /** After a 412: the conflicting change. */
  changed?: LastChange | null
  /** Replaces the declared fields, or follows them. */
  fields?: (props: FieldsProps) => Child
  more?: (props: FieldsProps) => Child
  held?: (row: RecordRow) => Held
}

const text = (value: unknown) =>
  value === null || value === undefined ? '' : Array.isArray(value) ? value.join(', ') : String(value)

/** The record's values as a form sends them. */
const sentForm = ({ columns }: Resource, row: RecordRow | undefined) =>
  Object.fromEntries(
    Object.keys(columns).map((name) => [name, text(row?.[name] ?? (row ? '' : columns[name]?.initial))]),
  )

/** The entered values; a checkbox follows its own "false", so the last value counts. */
const lastOf = (input: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(input).map(([name, value]) => [name, [value].flat().at(-1)]))

/** The form of a new or an existing record; shows both versions after a 412. */
export function formScreen(props: FormProps): Screen {
  const { resource, frame, row, refusal } = props
  const { one, many } = resource.declared
  const places = pathsOf(resource.path)
  const { path } = frame
  const list = { label: capital(many), href: path(places.list) }
  if (!row)
    return {
      title: `Add ${one}`,
      breadcrumbs: [list],
      children: <RecordForm {...props} action={path(places.list)} back={list.href} />,
    }
  const action = path(places.one(row.id))
  return {
    title: `Edit ${resource.titleOf(row)}`,
    breadcrumbs: [list, { label: resource.titleOf(row), href: action }],
    children:
      refusal?.status === 412 ? (
        <BothVersions {...props} row={row} input={refusal.input} action={action} />
      ) : (
        <RecordForm {...props} action={action} back={action} />
      ),
  }
}

function RecordForm(props: FormProps & { action: string; back: string }) {
  const { resource, frame, row, refusal, action, back, fields, more } = props
  const again = refusal && { ...refusal, input: lastOf(refusal.input) }
  const given = { field: fieldsOf(again, sentForm(resource, row)), refusal, row }
  return (
    <Panel>
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form
        action={action}
        method={row ? 'patch' : 'post'}
        csrfToken={frame.csrfToken}
        version={row && versionFor(refusal, row)}
      >
        {fields ? fields(given) : <DeclaredFields {...props} {...given} />}
        {more?.(given)}
        <Actions>
          <Button kind="primary">{row ? 'Save' : `Add ${resource.declared.one}`}</Button>
          <ButtonLink href={back}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}

/** A field for each writable column. */
function DeclaredFields({ resource, offered, pickings, frame, field, row }: FormProps & FieldsProps) {
  const written = Object.entries(resource.columns).filter(
    ([, { write }]) => write === 'always' || (write === 'create' && !row),
  )
  return (
    <>
      {written.map(([name, column]) => (
        <ColumnField
          column={column}
          given={field(name)}
          offered={offered[name]}
          picking={pickings[name]}
          frame={frame}
          row={row}
        />
      ))}
    </>
  )
}

/** Values from checkboxes, or from a text separated by lines or commas. */
const several = (value: unknown) =>
  [value]
    .flat()
    .flatMap((one) => String(one).split(/[\s,]+/))
    .filter(Boolean)
    .sort()

function BothVersions({
  resource,
  frame,
  row,
  input,
  action,
  severals,
  held,
  changed,
}: FormProps & { row: RecordRow; input: Record<string, unknown>; action: string }) {
  const theirs = sentForm(resource, row)
  const entered = lastOf(input)
  const fields = Object.entries(resource.columns).flatMap(([name, { label, write }]) => {
    const mine = entered[name]
    return write === 'always' && typeof mine === 'string'
      ? [{ name, label, mine, theirs: theirs[name] ?? '' }]
      : []
  })
  const beside = Object.entries(held?.(row) ?? {}).flatMap(([name, { label, values }]) => {
    if (!(name in input)) return []
    const names = new Map(values.map(({ value, label }) => [value, label]))
    for (const one of severals[name]?.chosen ?? []) names.set(one.id, one.name)
    const shown = (some: readonly string[]) => some.map((one) => names.get(one) ?? one).join(', ')
    const [mine, now] = [several(input[name]), values.map(({ value }) => value).sort()]
    const both = { shownMine: shown(mine), shownTheirs: shown(now) }
    return [{ name, label, mine: mine.join(), theirs: now.join(), ...both }]
  })
  return (
    <Conflict
      action={action}
      csrfToken={frame.csrfToken}
      version={row.version}
      fields={[...fields, ...beside]}
      changed={changed}
      clock={frame.clock}
      cancel={action}
    />
  )
}
