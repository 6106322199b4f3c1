import type { Model } from '#src/access/permission.ts'
import { type Call, can, type Endpoint, get, post, type Refusal } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import {
  columnsAnswer,
  importAnswer,
  importBody,
  importQuery,
  notImported,
} from '#src/resource/import/answers.ts'
import { mapped } from '#src/resource/import/columns.ts'
import { type ImportParts, importingOf } from '#src/resource/import/entity.ts'
import { broughtBy, importFile } from '#src/resource/import/import.ts'
import { keepRoute } from '#src/resource/import/keep-route.ts'
import { byField, importCall, sent, template } from '#src/resource/import/request.ts'
import { MAX_ROWS, piecesOf } from '#src/resource/import/sheet.ts'
import { stepRoutes } from '#src/resource/import/steps.tsx'
import { counted, uploadScreen } from '#src/resource/import/views.tsx'
import { fileTurns } from '#src/resource/import/work.ts'

/**
 * Imports of an entity: `/<path>/import` imports a file in one request, for programs; `/<path>/imports` stores one for
 * people, who map its columns, have it checked, and then import it.
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
      limit: `${IMPORT_LIMIT_MB} MB, ${counted(MAX_ROWS, 'row', 'rows')}`,
    })
  }

  return [
    get(
      places.import,
      needs,
      {
        answer: columnsAnswer,
        summary: `List the columns of an import of ${many}; as text/csv, a template`,
        csv: () => ({
          name: `${resource.path.slice(1)}-template`,
          chunks: template([fields.map(({ name }) => name), fields.map(({ example = '' }) => example)]),
        }),
      },
      (call) => ({
        json: {
          columns: fields.map(({ name, label, required = false }) => ({ name, label, required })),
          most_rows: MAX_ROWS,
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
        summary: `Import ${many} from CSV: all rows, or none and every error`,
      },
      async (call) => {
        const { db, actor, grant, services, query, body } = importCall<M>(call)
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
          notice: [
            `${counted(imported, one, many)} imported`,
            ...report.notes.map(({ message }) => message),
          ].join('. '),
        }
      },
    ),

    keepRoute(resource, fields, form),
    ...stepRoutes(resource, importing),
  ]
}
