export type Kept = { path: string; fields: readonly (readonly [name: string, value: string])[] }

const LEFT_OUT = /password|^(code|csrf_token|kept)$/
/** It is encoded twice, and has to fit into the body of an anonymous sender. */
const LONGEST = 48_000

export const keptOf = (path: string, fields: Readonly<Record<string, unknown>>): Kept => ({
  path,
  fields: Object.entries(fields)
    .filter(([name]) => !LEFT_OUT.test(name))
    .flatMap(([name, values]) =>
      [values].flat().flatMap((value) => (typeof value === 'string' ? [[name, value] as const] : [])),
    ),
})

export function carried({ path, fields }: Kept): string | undefined {
  if (fields.every(([name]) => name === '_method' || name === 'version')) return undefined
  const text = `${path}?${new URLSearchParams(fields.map(([name, value]) => [name, value]))}`
  return encodeURIComponent(text).length > LONGEST ? undefined : text
}

export function broughtBack(text: string): { path: string; body: string } | null {
  const [path = '', body = ''] = text.split(/\?(.*)/s, 2)
  return /^\/(?![/\\])[\w/.-]*$/.test(path) ? { path, body } : null
}
