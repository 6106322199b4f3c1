import type { Draw } from '#src/http/endpoint.ts'
import type { Body } from '#src/http/input.ts'
import { keptOf } from '#src/http/kept.ts'
import type { Visit } from '#src/http/visit.ts'
import { wantedOf } from '#src/http/wanted.ts'
import { ConfirmSheet } from '#src/ui/confirm-sheet.tsx'
import { ASK, answered, isQuestion, type Question } from '#src/ui/question.ts'

/** The page that stands in for the dialog without a script; null if nothing is to be confirmed, or it was. */
export function confirmFirst(visit: Visit, { kind, fields }: Body): Draw | null {
  const { place, from } = visit.info
  const { [ASK]: given, ...sent } = fields
  const said = (name: keyof Question) => {
    const value = sent[`${ASK}.${name}`]
    return typeof value === 'string' ? value : ''
  }
  const title = said('title')
  if (kind !== 'form' || wantedOf(visit) === 'json' || given === answered.value || !title) return null
  const own = keptOf(place, sent).fields.filter(([name]) => !isQuestion(name))
  return (frame) => ({
    title,
    children: ConfirmSheet({
      action: frame.path(place),
      csrfToken: frame.csrfToken,
      fields: own,
      consequence: said('text'),
      button: said('button'),
      danger: said('danger') !== '',
      back: frame.path(from),
    }),
  })
}
