import type { RawBuilder } from 'kysely'
import { z } from 'zod'
import type { RecordRow } from '#src/resource/entity.ts'
import type { FilterDeclaration } from '#src/resource/kinds/parameters.ts'

/** Looks of a value in a list: see `Badge`. */
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

/** How a value is shown: as text, in a few words with a colour, as a moment, as tags, as the record that it names. */
type Cell =
  | string
  | { badge: string; tone: Tone }
  | { at: string }
  | { tags: readonly string[] }
  | { named: { id: string; name?: string } | null; of: string }

type InputType = 'text' | 'email' | 'number' | 'date' | 'url'

/** How a value is entered: on a line, in a box that is ticked, among a few, or as a record that is searched for. */
export type Control =
  | { input: InputType; inputmode?: 'decimal'; unit?: string }
  | { box: true }
  | { options: readonly { value: string; label: string }[] }
  | { record: true }

/**
 * What columns of a kind have in common, everywhere they are met. A context may bring a kind of its own: nothing in the
 * kernel knows them by name.
 */
export type Kind = {
  name: string
  /** SQL type. */
  type: string
  /** How a list's address asks for its values. */
  filter: (column: Column) => FilterDeclaration
  /** The column that a list sorts by, where that is another one. */
  sortedBy?: (name: string) => string
  /** A list begins with the latest, or the most. */
  descends?: true
  align?: 'end'
  /** Values that are few: a list offers and counts each. */
  values?: (column: Column) => readonly string[]
  /** The words for them. */
  labels?: (column: Column) => Readonly<Record<string, string>>
  /** Its value in an answer, where that isn't the column as it is. */
  json?: (value: RawBuilder<unknown>) => RawBuilder<unknown>
  /** Text that people wrote: it tells records apart, and a file guards it against being a formula. */
  text?: true
  /** Several words, each of which a list is asked for. */
  tagged?: true
  /** What a template of a file shows. */
  example: (column: Column) => string
  /** A cell of a file as a body has it: trimmed, and something. */
  fromFile?: (cell: string, column: Column) => string
  /** A cell keeps its blanks, and says something also when it is empty. */
  verbatim?: true
  cell: (value: unknown, column: Column, of: { row: RecordRow; name: string }) => Cell
  control: (column: Column) => Control
}

/** One column of an entity: what it takes, what it answers, and where it shows. */
export type Column = {
  kind: Kind
  label: string
  hint?: string
  /** As it is sent, by JSON, form or file. */
  input: z.ZodType
  /** As it is answered. */
  output: z.ZodType
  /** Has to be sent when a record is made. */
  required: boolean
  /** What stands where nothing was sent. */
  initial: unknown
  write: 'always' | 'create' | 'never'
  /** Has a place in lists, exports. */
  listed: boolean
  exported: boolean
  /** The column that a list sorts by, where it does. */
  sortable: string | false
  filterable: boolean
  /** Lines of its field in a form. */
  rows?: number
  options?: readonly string[]
  labels?: Readonly<Record<string, string>>
  tones?: Readonly<Record<string, Tone>>
  /** Model of the record that it names. */
  of?: string
  /** A state that becomes another one by itself, once the moment of a column is over. */
  ends?: { from: string; to: string; at: string }
}

/** What a declaration says of a column beside its kind. */
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
  // the marker `true` becomes the name of the column when the entity is declared
  sortable: sortable === true ? '' : sortable,
})

const nothing = z.literal('').transform(() => null)
/** An empty field of a form is none. */
export const orNothing = (schema: z.ZodType, message?: string) =>
  z.union([schema, z.null(), nothing], message)

/** A value that is shown as it is. */
export const asText = (value: unknown) => String(value)

/** A line of an input of this type. */
export const inputOf = (input: InputType) => (): Control => ({ input })
