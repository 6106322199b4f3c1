import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One fault in a wall. It stands in a file, or in a function of the schema `app`, wherever a migration makes that last.
 * What is replaced is there exactly once: code that changes can't leave a fault behind that is none any more.
 */
export type Mutation = ({ file: string } | { sql: string }) & {
  /** What is wrong then, in words. */
  name: string
  find: string
  replace: string
  /** Files of tests that shall catch it. */
  tests: readonly string[]
}

/** The fault doesn't fit the code any more. */
export class NotApplicable extends Error {}

/** A file as it is with the fault. @throws {NotApplicable} */
export function mutated(root: string, mutation: Mutation): { file: string; text: string } {
  const { find, replace } = mutation
  const { file, text, from, to } = placeOf(root, mutation)
  const at = text.indexOf(find, from)
  if (at < 0 || at + find.length > to) throw new NotApplicable(`${file}: no ${JSON.stringify(find)}`)
  const again = text.indexOf(find, at + 1)
  if (again >= 0 && again + find.length <= to)
    throw new NotApplicable(`${file}: ${JSON.stringify(find)} more than once`)
  return { file, text: text.slice(0, at) + replace + text.slice(at + find.length) }
}

/** A file, and the part of it that counts. */
type Place = { file: string; text: string; from: number; to: number }

function placeOf(root: string, mutation: Mutation): Place {
  if ('sql' in mutation) return functionIn(root, mutation.sql)
  const text = readFileSync(join(root, mutation.file), 'utf8')
  return { file: mutation.file, text, from: 0, to: text.length }
}

/** The function in the newest migration that makes it; what a migration does to be undone is none. */
function functionIn(root: string, name: string): Place {
  const made = new RegExp(
    `create (?:or replace )?function app\\.${name}\\([\\s\\S]*?(\\$(?:body)?\\$)[\\s\\S]*?\\1`,
    'g',
  )
  for (const migration of readdirSync(join(root, 'migrations')).sort().reverse()) {
    const file = `migrations/${migration}`
    const text = readFileSync(join(root, file), 'utf8')
    const [found] = [...text.slice(0, text.indexOf('export async function down')).matchAll(made)].slice(-1)
    if (found) return { file, text, from: found.index, to: found.index + found[0].length }
  }
  throw new NotApplicable(`no migration makes app.${name}`)
}
