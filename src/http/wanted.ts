import { HttpError } from '#src/http/errors.ts'
import { asksForCsv, negotiate, type Wanted } from '#src/http/negotiation.ts'
import type { Visit } from '#src/http/visit.ts'

/** Chooses the kind of answer. @throws {HttpError} 406 */
export function settleWanted(visit: Visit): void {
  const { c, info, byMethod } = visit
  const endpoints = [...byMethod.values()]
  const page = !info.api && endpoints.some(({ only }) => only === undefined || only === 'page')
  const json = endpoints.some(({ only }) => only !== 'page')
  const csv = info.reads && byMethod.get('GET')?.csv !== undefined
  const format = csv ? c.req.query('format') : undefined
  visit.csv = csv && (format ? format === 'csv' : asksForCsv(c.req.header('accept')))
  visit.wanted = format === 'json' ? 'json' : negotiated(visit, page, json)
  if (visit.wanted || visit.csv) return
  const offered = [page && 'text/html', json && 'application/json', csv && 'text/csv'].filter(Boolean)
  throw new HttpError(406, `Available as ${offered.join(' and ')}.`)
}

/** Errors are always answered, even if no accepted kind was found. */
export function wantedOf(visit: Visit): Wanted {
  visit.wanted ??= negotiated(visit, !visit.info.api, true) ?? 'json'
  return visit.wanted
}

function negotiated({ c, info }: Visit, page: boolean, json: boolean): Wanted | null {
  const { api, bearer, partial } = info
  return negotiate({ accept: c.req.header('accept'), bearer, api: api !== '', partial, page, json })
}

/** Whether a program asked; a page loading a part of itself, by its browser's headers, isn't one. */
export function isOfProgram(visit: Visit): boolean {
  const { c, csv, info } = visit
  if (csv) return info.via === 'api'
  const ofPage = info.via !== 'api' && c.req.header('sec-fetch-site') === 'same-origin'
  return wantedOf(visit) === 'json' && !ofPage
}
