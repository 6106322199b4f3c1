import { z } from 'zod'
import { DAY, EMAIL, wholeNumber, YES_OR_NO } from '#src/locale/instructions.ts'
import { hasWordsOfOneAlphabet, ONE_ALPHABET } from '#src/resource/kinds/alphabets.ts'
import { asTag } from '#src/resource/kinds/parameters.ts'

type Kind = 'text' | 'tags' | 'email' | 'integer' | 'flag' | 'choice' | 'date' | 'instant' | 'reference'

/** Looks of a value in a list: see `Badge`. */
type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

/** One column of an entity: what it takes, what it answers, and where it shows. */
export type Column = {
  kind: Kind
  label: string
  hint?: string
  /** As it is sent, by JSON, form or file. */
  input: z.ZodType
  /** As it is answered. */
  output: z.ZodType
  /** SQL type. */
  type: 'text' | 'text[]' | 'integer' | 'boolean' | 'date' | 'timestamptz' | 'uuid'
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

type Given = Partial<
  Pick<Column, 'hint' | 'required' | 'write' | 'listed' | 'exported' | 'filterable' | 'input'>
> & { sortable?: boolean | string }

const column = (
  kind: Kind,
  type: Column['type'],
  label: string,
  output: z.ZodType,
  initial: unknown,
  input: z.ZodType,
  { sortable = false, ...given }: Given,
  more: Partial<Column> = {},
): Column => ({
  kind,
  type,
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
const orNothing = (schema: z.ZodType, message?: string) => z.union([schema, z.null(), nothing], message)

/** One line without control characters, trimmed. */
const anyLine = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'Remove the control character')

/**
 * What turns round the text behind it, in the sentence or list where it is shown. The three marks that Hebrew and
 * Arabic are typed with are none of these: they are isolated like letters.
 */
const TURNS = /[\p{Bidi_Control}--[\u061c\u200e\u200f]]/v
const straight = [
  (text: string) => !TURNS.test(text),
  'Remove the character that changes the direction of text',
] as const

/** One line of free text. */
export const line = (most: number) => anyLine(most).refine(...straight)

const lines = (most: number) =>
  z
    .string()
    .transform((text) => text.replaceAll('\r\n', '\n').trim())
    .pipe(
      z
        .string()
        .max(most)
        .regex(/^(\P{Cc}|[\n\t])*$/u, 'Remove the control character')
        .refine(...straight),
    )

/**
 * Text: one line, or several with `rows`. Sorted by its folded form `sort_<name>`, unless another column is named.
 */
export function text(label: string, given: Given & { max?: number; rows?: number } = {}): Column {
  const { max = given.rows ? 10_000 : 200, rows, ...rest } = given
  const plain = rows ? lines(max) : line(max)
  const input = rest.required ? plain.pipe(z.string().min(1)) : plain
  return column('text', 'text', label, z.string(), '', input, rest, { rows, listed: !rows })
}

const UNSEEN = /[\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
/**
 * Where such a character is seen: as part of an emoji; and two of them shape the letters of Persian or Hindi, while
 * between Latin ones they only make two names of one.
 */
const SEEN =
  /\p{RGI_Emoji}|(?<=[[\p{L}\p{M}]--[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}]])[\u200c\u200d](?=[\p{L}\p{M}])/gv

/** What stands by itself: a mark alone sits on its neighbour, and a stretched line is no letter. */
const BASE = /(?!\u0640)[\p{L}\p{N}\p{P}\p{S}]/u

/** A line that people know somebody or something by: all of it can be seen, and no letter looks like another’s. */
export const shownLine = (most: number) =>
  anyLine(most)
    .refine((name) => !UNSEEN.test(name.replace(SEEN, '')), 'Remove the character that can’t be seen')
    .refine((name) => name === '' || BASE.test(name), 'Use at least one letter, digit or sign')
    .refine(hasWordsOfOneAlphabet, ONE_ALPHABET)

/** What a record is known by: two names that read the same are one. */
export function name(label = 'Name', { max = 100, ...given }: Given & { max?: number } = {}): Column {
  const input = anyLine(max)
    .overwrite((sent) => sent.normalize('NFC').replace(/\s+/gu, ' '))
    .pipe(shownLine(max).min(1))
  return column('text', 'text', label, z.string(), '', input, { required: true, sortable: true, ...given })
}

const SEVERAL = 'Enter tags: a list, or words with commas'
const TAG = /^[\p{L}\p{N}][\p{L}\p{N} ._:/+#-]*$/u

/** Tags, each normalised and once, in order: an array, or words with commas. The list is filtered by them. */
export function tags(label: string, given: Given & { most?: number } = {}): Column {
  const { most = 20, ...rest } = given
  const each = z
    .array(z.string(SEVERAL), SEVERAL)
    .transform((sent) => [...new Set(sent.map(asTag).filter(Boolean))].sort())
    .refine(
      (sent) => sent.every((tag) => tag.length <= 50 && TAG.test(tag)),
      'Use tags of up to 50 letters, digits, spaces and . _ : / + # -',
    )
    .refine((sent) => sent.length <= most, `Use at most ${most} tags`)
  const needed = rest.required ? each.refine((sent) => sent.length > 0, 'Enter a tag') : each
  const input = z.preprocess((sent) => (typeof sent === 'string' ? sent.split(',') : sent), needed)
  return column('tags', 'text[]', label, z.array(z.string()), [], input, { filterable: true, ...rest })
}

/** An address, normalised; null where there is none. */
export function email(label: string, given: Given = {}): Column {
  const address = z
    .string(EMAIL)
    .transform((sent) => sent.normalize('NFKC').trim().toLowerCase())
    .pipe(z.string().max(254).pipe(z.email()))
  const input = given.required ? address : orNothing(address, EMAIL)
  return column('email', 'text', label, z.string().nullable(), null, input, given)
}

/** A whole number; null where there is none. */
export function integer(label: string, given: Given & { min?: number; max?: number } = {}): Column {
  const { min = -2_147_483_648, max = 2_147_483_647, ...rest } = given
  const words = wholeNumber(min, max)
  const range = z.int(words).min(min, words).max(max, words)
  const typed = z
    .string()
    .regex(/^-?\d{1,10}$/, words)
    .transform(Number)
    .pipe(range)
  const number = z.union([range, typed], words)
  const input = rest.required ? number : orNothing(number, words)
  return column('integer', 'integer', label, z.int().nullable(), null, input, rest)
}

/** Yes or no. A form sends "false" before the box, so that an empty box is said too. */
export function flag(label: string, given: Given & { initial?: boolean } = {}): Column {
  const { initial = false, ...rest } = given
  const word = z.enum(['true', 'false']).transform((sent) => sent === 'true')
  const both = z.array(z.enum(['true', 'false'])).transform((sent) => sent.includes('true'))
  const input = z.union([z.boolean(), word, both], YES_OR_NO)
  return column('flag', 'boolean', label, z.boolean(), initial, input, rest)
}

type Choosing<V extends string> = Given & {
  initial?: V
  labels?: Record<V, string>
  tones?: Partial<Record<V, Tone>>
  ends?: { from: V; to: V; at: string }
}

/** One of several words. */
export function choice<const V extends string>(
  label: string,
  options: readonly [V, ...V[]],
  { initial = options[0], labels, tones, ends, ...given }: Choosing<V> = {},
): Column {
  const values = z.enum(options)
  const more = { options, labels, tones: tones as Column['tones'], ends }
  return column('choice', 'text', label, z.enum(options), initial, values, given, more)
}

/** A day; null where there is none. */
export function date(label: string, given: Given = {}): Column {
  const day = z.iso.date({ error: DAY, abort: true }).refine((sent) => sent > '0001', DAY)
  const input = given.required ? day : orNothing(day, DAY)
  return column('date', 'date', label, z.iso.date().nullable(), null, input, given)
}

/** A moment that the program notes; nobody writes it. */
export const instant = (label: string, given: Given = {}): Column =>
  column(
    'instant',
    'timestamptz',
    label,
    z.iso.datetime({ offset: true }).nullable(),
    null,
    z.never(),
    { sortable: given.sortable ?? false, ...given },
    { write: 'never' },
  )

/** The id of another record; answers come with that record's name where the reader may see it. */
export function reference(label: string, model: string, given: Given = {}): Column {
  const id = z.guid().toLowerCase()
  const input = given.required ? id : orNothing(id)
  return column('reference', 'uuid', label, z.guid().nullable(), null, input, given, { of: model })
}

/** Whose a record is: every business table has these, and they always count. */
export const ownership = {
  owner_user_id: reference('Owner', 'user', { listed: false }),
  owner_group_id: reference('Owner group', 'group', { listed: false }),
}
