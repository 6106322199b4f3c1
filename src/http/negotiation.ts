export type Wanted = 'page' | 'part' | 'json'

type NegotiationInput = {
  accept?: string
  bearer: boolean
  api: boolean
  partial: boolean
  page: boolean
  json: boolean
}

/** RFC 9110, 12.5.1: JSON by name, below /api, or to a bearer; a fragment to htmx; else a page. Null: 406. */
export function negotiate({
  accept: header,
  bearer,
  api,
  partial,
  page,
  json,
}: NegotiationInput): Wanted | null {
  const accept = header?.trim().toLowerCase() || '*/*'
  const html = quality(accept, 'text/html')
  const data = Math.max(
    quality(accept, 'application/json') ?? -1,
    quality(accept, 'application/problem+json') ?? -1,
  )
  const any = quality(accept, '*/*') ?? 0
  const asPage = partial ? 'part' : 'page'
  const preferred: Wanted = (api || bearer) && json ? 'json' : page ? asPage : 'json'
  if (html === null && data < 0) return any > 0 ? preferred : null
  if (data > (html ?? 0) && json) return 'json'
  if (html !== null && html > 0 && page && !api && !bearer) return asPage
  if (data > 0 && json) return 'json'
  if (any <= 0) return null
  // anything not refused by name
  if (preferred !== 'json' && html === 0) return json && data !== 0 ? 'json' : null
  return preferred === 'json' && data === 0 ? null : preferred
}

/** Whether CSV is asked for by name, at least as much as JSON and more than a page. */
export function asksForCsv(header = ''): boolean {
  const accept = header.toLowerCase()
  const csv = named(accept, 'text/csv') ?? 0
  return csv > (named(accept, 'text/html') ?? 0) && csv >= (named(accept, 'application/json') ?? 0)
}

export const acceptsGzip = (header = '') => (named(header.toLowerCase(), 'gzip') ?? 0) > 0

function quality(accept: string, type: string): number | null {
  const major = type.slice(0, type.indexOf('/') + 1)
  return accept.includes(major) ? (named(accept, type) ?? named(accept, `${major}*`)) : null
}

function named(accept: string, range: string): number | null {
  for (const part of accept.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    if (name !== range) continue
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return q ? Number(q.slice(2)) || 0 : 1
  }
  return null
}
