import { HttpError } from '#src/http/errors.ts'

/** What a form without a script searches for before it is sent: words for some fields, and the one it is about now. */
export type Find = { field: string | null; words: Readonly<Record<string, string>> }

const FIND = 'find'
/** Characters; as many as the field takes. */
const MOST = 200
export const findName = (field: string) => `${FIND}.${field}`

/** Whether a field of a form is of its search, and nothing that is sent. */
export const isSearch = (name: string) => name === FIND || name.startsWith(`${FIND}.`)

/** The search that a form asks for: by its button, or by words that wait in a field, which mustn't be lost. */
export function searchIn(fields: Record<string, unknown>): Find | null {
  const { [FIND]: pressed } = fields
  const typed = Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith(`${FIND}.`) && typeof value === 'string' && value.trim()
      ? [[name.slice(FIND.length + 1), value.trim().slice(0, MOST)] as const]
      : [],
  )
  const field = typeof pressed === 'string' && pressed ? pressed : typed[0]?.[0]
  return field === undefined ? null : { field, words: Object.fromEntries(typed) }
}

/** The form is drawn again with what was found, and nothing is written. */
export class SearchStep extends HttpError {
  constructor() {
    super(422, '', { title: 'Choose one' })
  }
}
