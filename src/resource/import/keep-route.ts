import { z } from 'zod'
import type { Model } from '#src/access/permission.ts'
import { invalid } from '#src/errors.ts'
import { can, type Draw, type Endpoint, post, type Refusal } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import { stateAnswer, stateOf } from '#src/resource/import/answers.ts'
import { type Field, guessed } from '#src/resource/import/columns.ts'
import { HEAD, linesOf, previewOf } from '#src/resource/import/preview.ts'
import { importCall, sent } from '#src/resource/import/request.ts'
import { readImport, storeImport } from '#src/resource/import/store.ts'

/** `POST /<path>/imports`: stores a file for a day, to be imported in steps. */
export function keepRoute<M extends Model>(
  resource: Resource<M>,
  fields: readonly Field[],
  form: (call: unknown, refusal?: Refusal) => Draw,
): Endpoint {
  const { many } = resource.declared
  const places = pathsOf(resource.path)
  const needs = can(resource.may('create'))
  return post(
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
      summary: `Upload a file of ${many} to import in steps; it’s kept for a day`,
    },
    async (call) => {
      const { db, actor } = importCall<M>(call)
      const { name, content } = sent(call)
      const { header, wrong } = await previewOf(content.subarray(0, HEAD))
      if (!header.length) throw invalid([{ path: 'file', message: wrong ?? `has no ${many} in it` }])
      const first = { columns: guessed(header, fields), total: linesOf(content) }
      const place = { actor, path: resource.path }
      const id = await db.withActor(actor, (tx) => storeImport(tx, place, { name, content }, first))
      const state = await readImport(db, place, id)
      return { status: 201, json: stateOf(state), location: places.imported(id) }
    },
  )
}
