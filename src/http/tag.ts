import { hash } from 'node:crypto'

/** The tag of an answer (`ETag`): the record's version, where it has one, and a hash of what was answered. */
export const tagOf = (text: string, version?: number, coding: string | null = null): string =>
  `"${version === undefined ? '' : `${version}-`}${hash('sha256', text, 'hex').slice(0, 32)}${coding ? `-${coding}` : ''}"`

const tagsIn = (header: string) => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

export const namesTag = (header: string | undefined, tag: string): boolean =>
  header !== undefined && tagsIn(header).some((one) => one === '*' || one === tag)

const MAX_VERSIONS = 10

/**
 * The versions that `If-Match` names, by a whole tag or by the number alone: a change is one of the record, however
 * much of it was seen. Null for any; none where nothing in it is a version.
 */
export function versionsIn(header: string): number[] | null {
  const tags = tagsIn(header)
  if (tags.includes('*')) return null
  const named = tags.flatMap((tag) => /^"(\d{1,9})(?:-[^"]*)?"$/.exec(tag)?.[1] ?? [])
  return [...new Set(named.map(Number))].slice(0, MAX_VERSIONS)
}
