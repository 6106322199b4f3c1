import type { Model } from '#src/access/permission.ts'
import { invalid } from '#src/errors.ts'
import type { Call } from '#src/http/endpoint.ts'
import type { Upload } from '#src/http/upload.ts'
import type { EntityCall } from '#src/resource/call.ts'
import { csvLines } from '#src/resource/export.ts'

/** A request by someone who may import records. */
export type ImportCall<M extends Model> = Omit<EntityCall<M, 'create'>, 'query' | 'body'>

export type ImportRequest = {
  query: { dry_run: boolean; [named: `map.${string}`]: string }
  body: { mapping?: Record<string, string> }
}

export const importCall = <M extends Model>(call: object) => call as ImportCall<M> & ImportRequest

/** `map.<field>` parameters of the query string. */
export const byField = (named: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(named).map(([name, column]) => [name.slice('map.'.length), column]))

export async function* template(lines: readonly (readonly string[])[]) {
  yield csvLines(lines)
}

/** The file of a request. @throws {Invalid} if there is none */
export function sent({ file }: Pick<Call, 'file'>): Upload {
  if (!file) throw invalid([{ path: 'file', message: 'Choose a file' }])
  const name = file.name
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')
    .slice(-200)
    .toWellFormed()
  return { name: name || 'file.csv', content: file.content }
}
