import type { RawBuilder } from 'kysely'
import { z } from 'zod'
import type { RecordRow } from '#src/resource/entity.ts'
import type { FilterDeclaration } from '#src/resource/kinds/parameters.ts'

/** Looks of a value in a list: see `Badge`. */
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

/** How a value is shown: text, a coloured label, a time, tags, or a link to a record. */
type Cell =
  | string
  | { badge: string; tone: Tone }
  | { at: string }
  | { tags: readonly string[] }
  | { named: { id: string; name?: string } | null; of: string }

type InputType = 'text' | 'email' | 'number' | 'date' | 'url'

/** How a value is entered: a text field, a checkbox, one of a few options, or a record searched for. */
export type Control =
  | { input: InputType; inputmode?: 'decimal'; unit?: string }
  | { box: true }
  | { options: readonly { value: string; label: string }[] }
  | { record: true }

/**
 * Everything the kernel needs to know about a kind of column. A context may bring its own kinds: nothing in the kernel
 * refers to them by name.
 */
export type Kind = {
  name: string
  /** SQL type. */
  type: string
  /** How a list's query string filters by its values. */
  filter: (column: Column) => FilterDeclaration
  /** The column to sort by, if it is another one. */
  sortedBy?: (name: string) => string
  /** Sorts descending by default: latest or largest first. */
  descends?: true
  align?: 'end'
  /** A small set of values: a list offers and counts each. */
  values?: (column: Column) => readonly string[]
  /** Labels of those values. */
  labels?: (column: Column) => Readonly<Record<string, string>>
  /** The value in responses, if it isn't the column itself. */
  json?: (value: RawBuilder<unknown>) => RawBuilder<unknown>
  /** Free text: tells records apart, and is guarded against formulas in CSV files. */
  text?: true
  /** Holds several tags; a list can be filtered by each. */
  tagged?: true
  /** The example in an import template. */
  example: (column: Column) => string
  /** Converts a trimmed, non-empty CSV cell to a value of a body. */
  fromFile?: (cell: string, column: Column) => string
  /** CSV cells keep their blanks, and an empty one is a value. */
  verbatim?: true
  cell: (value: unknown, column: Column, of: { row: RecordRow; name: string }) => Cell
  control: (column: Column) => Control
}

/** One column of an entity: what it accepts, what it returns, and where it is shown. */
export type Column = {
  kind: Kind
  label: string
  hint?: string
  /** Schema of input by JSON, form or file. */
  input: z.ZodType
  /** Schema in responses. */
  output: z.ZodType
  /** Whether creating a record requires it. */
  required: boolean
  /** The value if none was sent. */
  initial: unknown
  write: 'always' | 'create' | 'never'
  /** Whether lists and exports show it. */
  listed: boolean
  exported: boolean
  /** The column to sort lists by; false if they can't. */
  sortable: string | false
  filterable: boolean
  /** Height of its form field, in lines. */
  rows?: number
  options?: readonly string[]
  labels?: Readonly<Record<string, string>>
  tones?: Readonly<Record<string, Tone>>
  /** Model of the referenced record. */
  of?: string
  /** A state that turns into another once the time in a column has passed. */
  ends?: { from: string; to: string; at: string }
}

/** What a declaration says about a column besides its kind. */
export type Given = Partial<
  Pick<Column, 'hint' | 'required' | 'write' | 'listed' | 'exported' | 'filterable' | 'input'>
> & { sortable?: boolean | string }

export const column = (
  kind: Kind,
  label: string,
  { output, initial, input }: Pick<Column, 'output' | 'initial' | 'input'>,
  { sortable = false, ...given }: Given,
  more: Partial<Column> = {},
): Column => ({
  kind,
  label,
  output,
  initial,
  required: false,
  write: 'always',
  listed: true,
  exported: true,
  filterable: false,
  ...more,
  input,
  ...given,
  // `true` becomes the column's name when the entity is declared
  sortable: sortable === true ? '' : sortable,
})

const nothing = z.literal('').transform(() => null)
/** Treats an empty form field as null. */
export const orNothing = (schema: z.ZodType, message?: string) =>
  z.union([schema, z.null(), nothing], message)

/** Shows a value unchanged. */
export const asText = (value: unknown) => String(value)

/** A text field with this input type. */
export const inputOf = (input: InputType) => (): Control => ({ input })
