import { fold } from '#src/db/fold.ts'

/** A field that a column of a file can map to. */
export type Field = {
  name: string
  label: string
  required?: boolean
  /** Shown in the template. */
  example?: string
}

/** The field for each column of a file, in order; null for ignored columns. */
export type Columns = readonly (string | null)[]

export type Mapping = { columns: Columns; ignored: string[]; wrong: string[] }

/** Normalizes the spelling of a name: "E-Mail", "e mail" and "EMAIL" are one. */
const folded = (name: string) => fold(name).replace(/[^\p{L}\p{N}]/gu, '')

const quoted = (name: string) => JSON.stringify(name.slice(0, 100).toWellFormed())

/** The field that a column's name means, by name, label, or a spelling of either. */
function meant(name: string, fields: readonly Field[]): string | null {
  const exact = fields.find((field) => field.name === name.trim())
  const spelled = folded(name)
  const found =
    exact ??
    fields.find((field) => folded(field.name) === spelled) ??
    fields.find(({ label }) => folded(label) === spelled)
  return found?.name ?? null
}

/** A suggested mapping: each field gets the first column that means it. */
export function guessed(header: readonly string[], fields: readonly Field[]): Columns {
  const all = header.map((name) => meant(name, fields))
  return all.map((field, at) => (all.indexOf(field) === at ? field : null))
}

/**
 * The mapping without asking anyone: explicit columns first, the others by their names.
 * @param named the column for a field; empty leaves the field out
 */
export function mapped(
  header: readonly string[],
  fields: readonly Field[],
  named: Readonly<Record<string, string>>,
): Mapping {
  const wrong: string[] = []
  const chosen = new Map<number, string>()
  for (const [field, name] of Object.entries(named)) {
    if (!name) continue
    const exact = header.findIndex((one) => one.trim() === name.trim())
    const at = exact < 0 ? header.findIndex((one) => folded(one) === folded(name)) : exact
    if (at < 0) wrong.push(`There is no column ${quoted(name)}`)
    else if (chosen.has(at)) wrong.push(`Choose one field for the column ${quoted(name)}`)
    else chosen.set(at, field)
  }
  const open = fields.filter(({ name }) => !(name in named))
  const columns = header.map((name, at) => chosen.get(at) ?? meant(name, open))
  return checked(header, fields, columns, { wrong, lacking: 'Add a column for' })
}

/** Checks a mapping: each field at most once, and every required one. */
export function checked(
  header: readonly string[],
  fields: readonly Field[],
  columns: Columns,
  before: { wrong: readonly string[]; lacking: string } = { wrong: [], lacking: 'Choose a column for' },
): Mapping {
  const wrong = [...before.wrong]
  for (const { name, label, required } of fields) {
    const used = header.filter((_, at) => columns[at] === name)
    if (used.length > 1) wrong.push(`Choose one column for ${label}: ${used.map(quoted).join(' or ')}`)
    if (required && !used.length) wrong.push(`${before.lacking} ${label}`)
  }
  const ignored = header.flatMap((name, at) => (columns[at] ? [] : [name.trim() || `column ${at + 1}`]))
  return { columns: header.map((_, at) => columns[at] ?? null), ignored, wrong }
}
