import type { Model } from '#src/access/permission.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Actions, Bulk, Parts } from '#src/resource/parts.ts'
import { actionsOf } from '#src/resource/record/actions.ts'

/** The bulk actions of an entity: its own, deleting and restoring. */
export function bulkOf<M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'actions' | 'bulk' | 'impact' | 'without'>,
): Readonly<Record<string, Bulk>> {
  const { remove, restore }: Actions<M> = actionsOf(resource, parts)
  const { many } = resource.declared
  const takesAway: Bulk = {
    needs: 'delete',
    label: 'Delete',
    icon: 'trash-2',
    doneLabel: 'deleted',
    danger: true,
    confirm: resource.soft ? `The ${many} can be restored.` : 'This can’t be undone.',
    impact: parts.impact,
    one: (tx, actor, grant, id) => remove(tx, actor, grant, id, null),
  }
  const bringsBack: Bulk = {
    needs: 'delete',
    label: 'Restore',
    icon: 'rotate-ccw',
    doneLabel: 'restored',
    already: 'not deleted',
    deleted: true,
    one: (tx, actor, grant, id) => restore(tx, actor, grant, id),
  }
  const deletes = !parts.without?.includes('delete')
  return {
    ...parts.bulk,
    ...(deletes ? { delete: takesAway } : {}),
    ...(deletes && resource.soft ? { restore: bringsBack } : {}),
  }
}
