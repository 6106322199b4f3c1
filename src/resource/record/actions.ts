import type { Model } from '#src/access/permission.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Actions, Parts } from '#src/resource/parts.ts'
import {
  createRecord,
  presentRecord,
  removeRecord,
  restoreRecord,
  updateRecord,
} from '#src/resource/record/write.ts'

/** The writes of an entity: the kernel's own, or their replacements. */
export const actionsOf = <M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'actions'>,
): Actions<M> => {
  const own = ownOr(resource, parts)
  return {
    ...own,
    restore: async (tx, actor, grant, id) =>
      (await presentRecord(tx, resource, actor, grant, id)) ?? own.restore(tx, actor, grant, id),
  }
}

const ownOr = <M extends Model>(resource: Resource<M>, parts: Pick<Parts<M>, 'actions'>): Actions<M> => ({
  create: (tx, actor, grant, input) => createRecord(tx, resource, actor, grant, input),
  update: (tx, actor, grant, id, change, version) =>
    updateRecord(tx, resource, actor, grant, id, change, version),
  remove: (tx, actor, grant, id, version) => removeRecord(tx, resource, actor, grant, id, version),
  restore: (tx, actor, grant, id) => restoreRecord(tx, resource, actor, grant, id),
  ...parts.actions,
})
