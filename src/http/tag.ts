import { hash } from 'node:crypto'

/** An `ETag`: the record's version, if any, and a hash of the content. */
export const tagOf = (text: string, version?: number, coding: string | null = null): string =>
  `"${version === undefined ? '' : `${version}-`}${hash('sha256', text, 'hex').slice(0, 32)}${coding ? `-${coding}` : ''}"`

const tagsIn = (header: string) => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

export const namesTag = (header: string | undefined, tag: string): boolean =>
  header !== undefined && tagsIn(header).some((one) => one === '*' || one === tag)

const MAX_VERSIONS = 10

/** Versions in `If-Match`, as whole tags or bare numbers. Null for any; empty if none is a version. */
export function versionsIn(header: string): number[] | null {
  const tags = tagsIn(header)
  if (tags.includes('*')) return null
  const named = tags.flatMap((tag) => /^"(\d{1,9})(?:-[^"]*)?"$/.exec(tag)?.[1] ?? [])
  return [...new Set(named.map(Number))].slice(0, MAX_VERSIONS)
}
