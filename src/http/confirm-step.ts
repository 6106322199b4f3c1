import type { Draw } from '#src/http/endpoint.ts'
import type { Body } from '#src/http/input.ts'
import { keptOf } from '#src/http/kept.ts'
import type { Visit } from '#src/http/visit.ts'
import { wantedOf } from '#src/http/wanted.ts'
import { ConfirmSheet } from '#src/ui/confirm-sheet.tsx'
import { ASK, answered, isQuestion, type Question } from '#src/ui/question.ts'

/**
 * The page that asks what the dialog would have asked, where a form comes from a page without a script; null where
 * nothing is to be asked, or it is answered. It holds the same form, which asks no more.
 */
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
