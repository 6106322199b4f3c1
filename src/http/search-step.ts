import { HttpError } from '#src/http/errors.ts'

/**
 * What a form without a script searches for before it is sent: words for some fields, and the one that it is about now;
 * none where something that was found is kept, or something that was chosen is taken out.
 */
export type Find = { field: string | null; words: Readonly<Record<string, string>> }

const FIND = 'find'
const DROP = 'drop.'
export const KEEP = 'keep'
const MOST = 200
export const findName = (field: string) => `${FIND}.${field}`
export const dropName = (field: string) => DROP + field

export const isSearch = (name: string) =>
  name === FIND || name === KEEP || name.startsWith(`${FIND}.`) || name.startsWith(DROP)

/** The search that a form asks for: by its button, or by words that wait in a field, which mustn't be lost. */
export function searchIn(fields: Record<string, unknown>): Find | null {
  const { [FIND]: pressed } = fields
  const typed = Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith(`${FIND}.`) && typeof value === 'string' && value.trim()
      ? [[name.slice(FIND.length + 1), value.trim().slice(0, MOST)] as const]
      : [],
  )
  if (KEEP in fields || Object.keys(fields).some((name) => name.startsWith(DROP)))
    return { field: null, words: Object.fromEntries(typed) }
  const field = typeof pressed === 'string' && pressed ? pressed : typed[0]?.[0]
  return field === undefined ? null : { field, words: Object.fromEntries(typed) }
}

export function without(fields: Record<string, unknown>, name: string): unknown {
  const dropped = fields[dropName(name)]
  return dropped === undefined ? fields[name] : [fields[name]].flat().filter((one) => one !== dropped)
}

/** The form is drawn again with what was found, and nothing is written. */
export class SearchStep extends HttpError {
  constructor() {
    super(422, '', { title: 'Choose one' })
  }
}
