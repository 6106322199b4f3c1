import { z } from 'zod'
import { type Column, column, type Given, inputOf, type Kind } from '#src/resource/kinds/column.ts'

const kind: Kind = {
  name: 'instant',
  type: 'timestamptz',
  filter: () => ({ kind: 'instant' }),
  descends: true,
  example: () => '',
  cell: (value) => ({ at: String(value) }),
  control: inputOf('text'),
}

/** A time that the program records; no one writes it. */
export const instant = (label: string, given: Given = {}): Column =>
  column(
    kind,
    label,
    { output: z.iso.datetime({ offset: true }).nullable(), initial: null, input: z.never() },
    { sortable: given.sortable ?? false, ...given },
    { write: 'never' },
  )
