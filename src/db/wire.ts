import { createHash } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type pg from 'pg'

const names = new Map<string, string>()
function nameOf(text: string): string {
  let name = names.get(text)
  if (!name) {
    if (names.size > 1000) names.clear()
    name = createHash('sha1').update(text).digest('base64url').slice(0, 20)
    names.set(text, name)
  }
  return name
}

/**
 * A statement for pg, always in the extended protocol, where statements can't be stacked. Named, so that its plan is
 * kept, only if that plan suits organizations of every size.
 */
export const wire = (query: CompiledQuery, prepared = false) =>
  ({
    text: query.sql,
    values: query.parameters as unknown[],
    queryMode: 'extended',
    name: prepared ? nameOf(query.sql) : undefined,
  }) as pg.QueryConfig
