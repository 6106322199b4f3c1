import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/**
 * One fault in a wall. It stands in a file, or in the file of a function of the schema `app`.
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
  const file = 'sql' in mutation ? fileOf(root, mutation.sql) : mutation.file
  const text = readFileSync(join(root, file), 'utf8')
  const at = text.indexOf(find)
  if (at < 0) throw new NotApplicable(`${file}: no ${JSON.stringify(find)}`)
  if (text.includes(find, at + 1)) throw new NotApplicable(`${file}: ${JSON.stringify(find)} more than once`)
  return { file, text: text.slice(0, at) + replace + text.slice(at + find.length) }
}

/** The file that makes a function of the database. */
function fileOf(root: string, name: string): string {
  const folder = 'src/db/functions'
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const found = files.find((file) => basename(file) === `${name}.sql`)
  if (!found) throw new NotApplicable(`no file makes app.${name}`)
  return `${folder}/${found}`
}
