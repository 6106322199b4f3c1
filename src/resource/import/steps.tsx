import { z } from 'zod'
import type { Model } from '#src/access/permission.ts'
import { conflict, invalid } from '#src/errors.ts'
import { can, type Endpoint, get, post, type Refusal } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import { startBody, stateAnswer, stateOf } from '#src/resource/import/answers.ts'
import { type Columns, checked } from '#src/resource/import/columns.ts'
import type { Importing } from '#src/resource/import/import.ts'
import { previewOf } from '#src/resource/import/preview.ts'
import { type ImportCall, importCall } from '#src/resource/import/request.ts'
import { beginImport, readImport } from '#src/resource/import/store.ts'
import { importScreen } from '#src/resource/import/views.tsx'
import { workOn } from '#src/resource/import/work.ts'

const COLUMN = /^column_(\d{1,4})$/

/** `/<path>/imports/:id`: the state of a stored file and its next step, for its owner alone. */
export function stepRoutes<M extends Model>(resource: Resource<M>, importing: Importing<M>): Endpoint[] {
  const { fields } = importing
  const { many } = resource.declared
  const places = pathsOf(resource.path)
  const needs = can(resource.may('create'))
  const find = async ({ db, actor, id }: ImportCall<M>) => {
    const found = await readImport(db, { actor, path: resource.path }, id())
    return { found, preview: await previewOf(found.head) }
  }
  const screen = (
    { found, preview }: Awaited<ReturnType<typeof find>>,
    shown: { columns?: boolean; refusal?: Refusal } = {},
  ) => importScreen({ resource, fields, found, preview, ...shown })

  return [
    get(
      places.imported(':id'),
      needs,
      {
        query: z.strictObject({ step: z.enum(['columns']).optional() }),
        answer: stateAnswer,
        summary: `Get the progress of an import of ${many}`,
      },
      async (call) => {
        const it = await find(importCall<M>(call))
        return { json: stateOf(it.found), screen: screen(it, { columns: call.query.step === 'columns' }) }
      },
    ),

    post(
      places.imported(':id'),
      needs,
      {
        body: startBody,
        refused: async (call, refusal) => screen(await find(importCall<M>(call)), { columns: true, refusal }),
        answer: stateAnswer,
        status: 202,
        otherStatuses: [409],
        summary: `Check or run an import of ${many}`,
      },
      async (call) => {
        const given = importCall<M>(call)
        const { db, services, actor, grant } = given
        const { action, ...sent } = call.body
        const { found, preview } = await find(given)
        if (found.status === 'imported') throw conflict('', 'This file has already been imported.')
        const columns = columnsFrom(sent, preview.header) ?? found.columns
        requireRight(
          checked(preview.header, fields, columns).wrong,
          columns,
          fields.map(({ name }) => name),
        )
        const place = { actor, path: resource.path }
        const status = action === 'check' ? 'checking' : 'importing'
        let begun = false
        const run = await db.withActor(actor, (tx) => {
          begun = true
          return beginImport(tx, place, found.id, { status, columns })
        })
        const running = { ...place, id: found.id, run }
        // a repeated request finds it already running
        if (begun)
          void workOn({
            resource,
            importing,
            actor,
            grant,
            services,
            running,
            columns,
            dryRun: action === 'check',
          })
        const state = await readImport(db, place, found.id)
        return { status: 202, json: stateOf(state), location: places.imported(found.id) }
      },
    ),
  ]
}

/** The field chosen for each column of a file; null if no choice was sent. */
function columnsFrom(sent: Readonly<Record<string, string>>, header: readonly string[]): Columns | null {
  const chosen = Object.entries(sent).flatMap(([name, field]) => {
    const at = COLUMN.exec(name)?.[1]
    if (at === undefined || Number(at) >= header.length)
      throw invalid([{ path: name, message: 'The file has no such column' }])
    return [[Number(at), field || null] as const]
  })
  if (!chosen.length) return null
  const columns = new Map(chosen)
  return header.map((_, at) => columns.get(at) ?? null)
}

/** @throws {Invalid} at a column without such a field, or for the whole file */
function requireRight(wrong: readonly string[], columns: Columns, names: readonly string[]): void {
  const unknown = columns.flatMap((field, at) =>
    field !== null && !names.includes(field)
      ? [{ path: `column_${at}`, message: 'Choose a field from the list' }]
      : [],
  )
  const errors = [...unknown, ...wrong.map((message) => ({ path: '', message: `${message}.` }))]
  if (errors.length) throw invalid(errors)
}
