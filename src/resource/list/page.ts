import type { Context } from 'hono'
import type { Page } from '#src/db/paging.ts'

/** A list as JSON: the database built the rows, so they are only joined. */
export const pageJson = ({ json, limit, next, previous, total, capped }: Page<unknown>) =>
  `{"data":[${json.join(',')}],"page":${JSON.stringify({ limit, next, previous, total, total_is_lower_bound: capped })}}`

/** `Link` header to the adjacent pages (RFC 8288). */
export function pageLinks(c: Context, { next, previous }: Page<unknown>): Record<string, string> {
  const links: string[] = []
  for (const [rel, name, cursor] of [
    ['next', 'after', next],
    ['prev', 'before', previous],
  ] as const) {
    if (!cursor) continue
    const url = new URL(c.req.url)
    for (const old of ['after', 'before', 'offset']) url.searchParams.delete(old)
    url.searchParams.set(name, cursor)
    links.push(`<${url.pathname}${url.search}>; rel="${rel}"`)
  }
  return links.length ? { Link: links.join(', ') } : {}
}

/** The query string of a list as requested, to come back to. */
export const searchOf = (c: Context) => new URL(c.req.url).search.slice(1)

/** The query string of the list at `path`, if the reader comes from there. */
export function searchBefore(c: Context, path: string): string {
  const before = URL.parse(c.req.header('referer') ?? '')
  const there = before?.origin === new URL(c.req.url).origin && before.pathname === path
  return there ? before.search.slice(1) : ''
}
