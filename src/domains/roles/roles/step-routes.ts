import { stepRole, turnRole } from '#src/domains/roles/roles/actions.ts'
import { roles } from '#src/domains/roles/roles/model.ts'
import { can, del, patch, post } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'

/** One permission or parent more, or less. */
const steps = (
  [
    ['permissions', paths.rolePermission(':id', ':permission_id'), 'permission_id', 'permission'],
    ['parents', paths.roleParent(':id', ':role_id'), 'role_id', 'parent role'],
  ] as const
).flatMap(([kind, path, name, what]) =>
  [true, false].map((add) =>
    (add ? post : del)(
      path,
      can('role:update'),
      {
        answer: roles.record,
        otherStatuses: [409, 412],
        summary: add ? `Add a ${what} to a role` : `Remove a ${what} from a role`,
      },
      async (call) => {
        const { db, actor, grant, id, version } = call
        const step = { kind, id: id(name), add }
        const { result } = await db.withActor(actor, (tx) => stepRole(tx, actor, grant, id(), step, version))
        return saved(call, roles, result, 'Saved', pathsOf(paths.roles).edit(result.id))
      },
    ),
  ),
)

export const stepRoutes = [
  patch(
    paths.toggleRole(':id'),
    can('role:update'),
    { answer: roles.record, otherStatuses: [409, 412], summary: 'Disable or enable a role' },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const { result } = await db.withActor(actor, (tx) => turnRole(tx, actor, grant, id(), null, version))
      return saved(call, roles, result, 'Saved', pathsOf(paths.roles).edit(result.id))
    },
  ),
  ...steps,
]
