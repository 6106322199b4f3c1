import { findName } from '#src/http/search-step.ts'
import { nameOfReference, type RecordRow } from '#src/resource/entity.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import type { Picking } from '#src/resource/references/picking.ts'
import { Checkbox } from '#src/ui/checkbox.tsx'
import { Field, type Labelled, Select } from '#src/ui/field.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Picker } from '#src/ui/picker.tsx'

/** Up to this many options fit into a select. */
const FEW = 200
/** Label of a value that the user may keep but not see. */
const UNSEEN = 'As it is'

/** A column in a form: its value, and its options. */
type Filled = {
  given: Omit<Labelled, 'label'> & { value?: string | undefined }
  column: Column
  offered: Options | undefined
  picking: Picking | undefined
  frame: Frame
  row?: RecordRow
}

/** The form field for a column, by its kind's control. */
export function ColumnField({ given, column, offered, picking, frame, row }: Filled) {
  const { label, hint, required, rows, of } = column
  const shared = { ...given, label, hint, required }
  const control = column.kind.control(column)
  if ('input' in control)
    return (
      <Field
        {...shared}
        type={control.input}
        inputmode={control.inputmode}
        rows={rows}
        after={control.unit || undefined}
        autocomplete="off"
      />
    )
  if ('box' in control)
    return (
      <>
        <input type="hidden" name={given.name} value="false" />
        <Checkbox {...given} label={label} hint={hint} value="true" checked={given.value === 'true'} />
      </>
    )
  if ('options' in control)
    return (
      <Select
        {...shared}
        required={required || column.initial !== null}
        none={required || column.initial !== null ? undefined : 'None'}
        options={offered ?? control.options}
      />
    )
  const none = of === 'user' ? 'No one' : 'None'
  const few = offered && offered.length <= FEW
  if (!few && picking?.options)
    return <ReferenceField {...shared} none={none} picking={picking} frame={frame} />
  const options = withCurrent(offered ?? picking?.few ?? [], given.name, row)
  return <Select {...shared} none={none} options={options} />
}

type ReferenceProps = Labelled & { none: string; picking: Picking; frame: Frame }

/** Selects one of many records by search. */
export function ReferenceField({ picking, frame, ...shared }: ReferenceProps) {
  const { value, name, options, many, words, found } = picking
  return (
    <Picker
      {...shared}
      value={value}
      chosen={name ?? UNSEEN}
      options={frame.path(options ?? '')}
      many={many}
      find={findName(shared.name)}
      words={words}
      found={found}
    />
  )
}

type Options = readonly { value: string; label: string }[]

/** Adds the current value, which can be kept even if it isn't offered. */
function withCurrent(records: Options, name: string, row: RecordRow | undefined): Options {
  const named = row?.[nameOfReference(name)] as { id: string; name?: string } | null | undefined
  if (!named || records.some(({ value }) => value === named.id)) return records
  return [{ value: named.id, label: named.name ?? UNSEEN }, ...records]
}
