import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** One import of a file: what it names, and whether only types come of it. */
export type Import = { specifier: string; typeOnly: boolean }
export type Source = { path: string; text: string; imports: Import[] }

const STATIC =
  /^[ \t]*(?:import|export)[ \t]+(type[ \t]+)?(?:[\w*$][^'"`;]*?from|\{[^'"`;]*?\}[ \t]*from|)[ \t]*['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*([^)]*)\)/g

/** Code without its comments; what stands in strings stays. */
export function withoutComments(text: string): string {
  const piece = /\/\*[\s\S]*?\*\/|(?<![:'"`\\\w])\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g
  return text.replace(piece, (found) => (found.startsWith('/') ? '' : found))
}

/** Imports, exports from, and dynamic imports; one that is computed is named `(computed)`. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const found: Import[] = []
  for (const [, type, specifier = ''] of code.matchAll(STATIC))
    found.push({ specifier, typeOnly: Boolean(type) })
  for (const [, argument = ''] of code.matchAll(DYNAMIC)) {
    const literal = /^['"`]([^'"`$]+)['"`]\s*$/.exec(argument)?.[1]
    found.push({ specifier: literal ?? '(computed)', typeOnly: false })
  }
  return found
}

export function read(...folders: string[]): Source[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, imports: importsOf(text) }
    })
}

/** The file of the project that an import means, or the name of the package. */
export function target(from: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1)
  if (specifier.startsWith('.'))
    return relative(root, resolve(root, dirname(from), specifier)).replaceAll('\\', '/')
  return specifier
}

/** What a file reaches by imports of values, each with the way there. */
export function reaches(start: string, sources: ReadonlyMap<string, Source>): Map<string, string[]> {
  const ways = new Map<string, string[]>([[start, [start]]])
  for (const [path, way] of ways) {
    for (const { specifier, typeOnly } of sources.get(path)?.imports ?? []) {
      const next = target(path, specifier)
      if (!typeOnly && !ways.has(next)) ways.set(next, [...way, next])
    }
  }
  ways.delete(start)
  return ways
}
