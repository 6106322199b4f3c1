import { HttpError } from '#src/http/errors.ts'

/** A field that is searched for, and the words; a form without a script asks so, in a step before it is sent. */
export type Find = { field: string; q: string }

const FIND = 'find'
export const findName = (field: string) => `${FIND}.${field}`

/** Whether a field of a form is of its search, and nothing that is sent. */
export const isSearch = (name: string) => name === FIND || name.startsWith(`${FIND}.`)

/** The search that a form asks for: by its button, or by words that wait in its field, which mustn't be lost. */
export function searchIn(fields: Record<string, unknown>): Find | null {
  const words = (field: string) => {
    const q = fields[findName(field)]
    return typeof q === 'string' ? q.trim().slice(0, 200) : ''
  }
  const pressed = fields[FIND]
  if (typeof pressed === 'string' && pressed !== '') return { field: pressed, q: words(pressed) }
  const typed = Object.keys(fields)
    .filter((name) => name.startsWith(`${FIND}.`))
    .map((name) => name.slice(FIND.length + 1))
    .find((field) => words(field) !== '')
  return typed === undefined ? null : { field: typed, q: words(typed) }
}

/** The form is drawn again with what was found, and nothing is written. */
export class SearchStep extends HttpError {
  constructor() {
    super(422, '', { title: 'Choose one' })
  }
}
