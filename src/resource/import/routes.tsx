import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import { invalid } from '#src/errors.ts'
import { type Call, can, type Endpoint, get, post, type Refusal } from '#src/http/endpoint.ts'
import type { Upload } from '#src/http/upload.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import { csvLines } from '#src/resource/export.ts'
import {
  columnsAnswer,
  importAnswer,
  importBody,
  importQuery,
  notImported,
  stateAnswer,
  stateOf,
} from '#src/resource/import/answers.ts'
import { guessed, mapped } from '#src/resource/import/columns.ts'
import { type ImportParts, importingOf } from '#src/resource/import/entity.ts'
import { broughtBy, importFile } from '#src/resource/import/import.ts'
import { HEAD, linesOf, previewOf } from '#src/resource/import/preview.ts'
import { MOST_ROWS, piecesOf } from '#src/resource/import/sheet.ts'
import { stepRoutes } from '#src/resource/import/steps.tsx'
import { readImport, storeImport } from '#src/resource/import/store.ts'
import { counted, uploadScreen } from '#src/resource/import/views.tsx'
import { fileTurns } from '#src/resource/import/work.ts'

type Given<M extends Model> = Omit<Call, 'actor' | 'grant' | 'query' | 'body'> & {
  actor: UserActor
  grant: Grant<M, 'create'>
}

/**
 * An entity from files: `/<path>/import` takes one for programs in one request, `/<path>/imports` keeps one for
 * people, who say what its columns are, have it checked, and import it then.
 */
export function importRoutes<M extends Model>(resource: Resource<M>, parts: ImportParts<M>): Endpoint[] {
  const importing = importingOf(resource, parts)
  const { fields } = importing
  const { one, many } = resource.declared
  const places = pathsOf(resource.path)
  const needs = can(resource.may('create'))
  const form = (call: unknown, refusal?: Refusal) => {
    const { IMPORT_LIMIT_MB } = (call as Call).services.config
    return uploadScreen({
      resource,
      refusal,
      limit: `${IMPORT_LIMIT_MB} MB, ${counted(MOST_ROWS, 'row', 'rows')}`,
    })
  }

  return [
    get(
      places.import,
      needs,
      {
        answer: columnsAnswer,
        summary: `What a file of ${many} can have; as text/csv a template`,
        csv: () => ({
          name: `${resource.path.slice(1)}-template`,
          chunks: template([fields.map(({ name }) => name), fields.map(({ example = '' }) => example)]),
        }),
      },
      (call) => ({
        json: {
          columns: fields.map(({ name, label, required = false }) => ({ name, label, required })),
          most_rows: MOST_ROWS,
          most_mb: call.services.config.IMPORT_LIMIT_MB,
        },
        screen: form(call),
      }),
    ),

    post(
      places.import,
      needs,
      {
        upload: true,
        query: importQuery(fields),
        body: importBody(fields),
        answer: importAnswer,
        otherStatuses: [409],
        summary: `Import ${many} from CSV: all rows, or none and everything that is wrong`,
      },
      async (call) => {
        const { db, actor, grant, services, query, body } = call as unknown as Given<M> & Asked
        const { content } = sent(call)
        const { dry_run, ...named } = query
        const report = await fileTurns.take(() =>
          importFile(broughtBy(db, actor), {
            content: () => piecesOf(content),
            importer: () => importing.importer(actor, grant, services),
            choose: (header) => mapped(header, fields, { ...byField(named), ...body.mapping }),
            many,
            path: places.import,
            dryRun: dry_run,
          }),
        )
        if (report.error_count && !dry_run) throw notImported(report)
        const imported = dry_run ? 0 : report.rows
        return {
          json: { dry_run, imported, ...report },
          location: resource.path,
          notice: `${counted(imported, one, many)} imported`,
        }
      },
    ),

    post(
      places.imports,
      needs,
      {
        on: places.import,
        upload: true,
        body: z.strictObject({}),
        refused: form,
        answer: stateAnswer,
        status: 201,
        otherStatuses: [409],
        summary: `Keep a file of ${many} for a day, to import it step by step`,
      },
      async (call) => {
        const { db, actor } = call as unknown as Given<M>
        const { name, content } = sent(call)
        const { header, wrong } = await previewOf(content.subarray(0, HEAD))
        if (!header.length) throw invalid([{ path: 'file', message: wrong ?? `has no ${many} in it` }])
        const first = { columns: guessed(header, fields), total: linesOf(content) }
        const place = { actor, path: resource.path }
        const id = await db.withActor(actor, (tx) => storeImport(tx, place, { name, content }, first))
        const state = await readImport(db, place, id)
        return { status: 201, json: stateOf(state), location: places.imported(id) }
      },
    ),

    ...stepRoutes(resource, importing),
  ]
}

type Asked = {
  query: { dry_run: boolean; [named: `map.${string}`]: string }
  body: { mapping?: Record<string, string> }
}

/** `map.<field>` of the address. */
const byField = (named: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(named).map(([name, column]) => [name.slice('map.'.length), column]))

async function* template(lines: readonly (readonly string[])[]) {
  yield csvLines(lines)
}

/** The file of a request. @throws 422 where there is none */
function sent({ file }: Pick<Call, 'file'>): Upload {
  if (!file) throw invalid([{ path: 'file', message: 'Choose a file' }])
  const name = file.name
    .replace(/\p{Cc}/gu, '')
    .slice(-200)
    .toWellFormed()
  return { name: name || 'file.csv', content: file.content }
}
