/** Makes the address of the same list with some of its parameters changed; null takes one away. */
export type ListUrl = (changes: Record<string, string | null>) => string

const cursors = ['after', 'before', 'offset']

/** A change of anything but the page begins at the first page again. */
export const listUrl =
  (path: string, query: URLSearchParams | Record<string, string | undefined>): ListUrl =>
  (changes) => {
    const next = new URLSearchParams(
      query instanceof URLSearchParams
        ? query
        : Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1])),
    )
    for (const cursor of cursors) next.delete(cursor)
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === '') next.delete(key)
      else next.set(key, value)
    }
    return next.size ? `${path}?${next}` : path
  }
