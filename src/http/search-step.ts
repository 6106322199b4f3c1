import { HttpError } from '#src/http/errors.ts'

/** A search within a form without a script: words by field, and the field searched now, if any. */
export type Find = { field: string | null; words: Readonly<Record<string, string>> }

const FIND = 'find'
const DROP = 'drop.'
export const KEEP = 'keep'
const MOST = 200
export const findName = (field: string) => `${FIND}.${field}`
export const dropName = (field: string) => DROP + field

export const isSearch = (name: string) =>
  name === FIND || name === KEEP || name.startsWith(`${FIND}.`) || name.startsWith(DROP)

/** A form searches by its button, or for words waiting in a field, which mustn't be lost. */
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

/** Draws the form again with the results; nothing is written. */
export class SearchStep extends HttpError {
  constructor() {
    super(422, '', { title: 'Choose one' })
  }
}
