/** What a form of ours holds: where it was sent, and its fields. */
export type Kept = { path: string; fields: readonly (readonly [name: string, value: string])[] }

/** What is typed in again rather than carried on, and what is made anew. */
const LEFT_OUT = /password|^(code|csrf_token|kept)$/
/** Encoded, and once more in the form that carries it on: as much as a body of somebody who isn't signed in may have. */
const LONGEST = 48_000

/** A form that was refused, without its secrets. */
export const keptOf = (path: string, fields: Readonly<Record<string, unknown>>): Kept => ({
  path,
  fields: Object.entries(fields)
    .filter(([name]) => !LEFT_OUT.test(name))
    .flatMap(([name, values]) =>
      [values].flat().flatMap((value) => (typeof value === 'string' ? [[name, value] as const] : [])),
    ),
})

/** As one field of another form; undefined where it is too long for that, or nothing was entered. */
export function carried({ path, fields }: Kept): string | undefined {
  if (fields.every(([name]) => name === '_method' || name === 'version')) return undefined
  const text = `${path}?${new URLSearchParams(fields.map(([name, value]) => [name, value]))}`
  return encodeURIComponent(text).length > LONGEST ? undefined : text
}

/** What `carried` made, of an own path; null for anything else. */
export function broughtBack(text: string): { path: string; body: string } | null {
  const [path = '', body = ''] = text.split(/\?(.*)/s, 2)
  return /^\/(?![/\\])[\w/.-]*$/.test(path) ? { path, body } : null
}
