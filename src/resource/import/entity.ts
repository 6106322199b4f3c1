import type { Model } from '#src/access/permission.ts'
import type { Resource } from '#src/resource/entity.ts'
import { ActionImporter } from '#src/resource/import/actions.ts'
import type { Importing } from '#src/resource/import/import.ts'
import { fieldsOf } from '#src/resource/import/read.ts'
import { RecordImporter } from '#src/resource/import/records.ts'
import type { Parts } from '#src/resource/parts.ts'

/** The parts that define an import. */
export type ImportParts<M extends Model> = Pick<Parts<M>, 'import' | 'bodies' | 'actions' | 'prepare'>

/** How an entity is imported: its own way, each row by its own action, or as plain records. */
export function importingOf<M extends Model>(resource: Resource<M>, parts: ImportParts<M>): Importing<M> {
  if (parts.import) return parts.import
  const body = parts.bodies?.create ?? resource.body.create
  const { create } = parts.actions ?? {}
  const { prepare } = parts
  return {
    fields: fieldsOf(resource, body),
    importer: (actor, grant, services) =>
      create
        ? new ActionImporter(resource, body, async (tx, values) => {
            const input = prepare ? await prepare(values as never, services, actor) : values
            return create(tx, actor, grant, input as never)
          })
        : new RecordImporter(resource, body, actor, grant),
  }
}
