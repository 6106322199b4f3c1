import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { deleteRole, restoreRole, turnRole, updateRole } from '#src/domains/roles/roles/actions.ts'
import { createRole } from '#src/domains/roles/roles/create-actions.ts'
import { RoleFields, ShortWays } from '#src/domains/roles/roles/form-views.tsx'
import { inherits } from '#src/domains/roles/roles/inheriting-queries.ts'
import { newRole, roleOf, roles } from '#src/domains/roles/roles/model.ts'
import { offersFor } from '#src/domains/roles/roles/offering-queries.ts'
import { besideRole, holdersOfAny } from '#src/domains/roles/roles/queries.ts'
import { listColumns, RoleActions, RolePanels } from '#src/domains/roles/roles/views.tsx'
import { counted } from '#src/locale/noun.ts'
import type { EntityCall } from '#src/resource/call.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

export const roleRoutes = [
  ...resourceRoutes(roles, {
    without: ['update', 'import'],
    actions: { create: createRole, update: updateRole, remove: deleteRole, restore: restoreRole },
    bodies: { create: newRole },
    undeletable: (row) => roleOf(row).builtin,
    impact: async (db, actor, grant, ids) => {
      const people = await holdersOfAny(db, actor, grant, ids)
      const lose = people === 1 ? 'loses' : 'lose'
      return people
        ? `${counted(people, { one: 'person', many: 'people' })} ${lose} permissions it grants.`
        : null
    },
    columns: ({ frame }) => listColumns(frame),
    load: ({ db, actor }: EntityCall<'role'>, found) =>
      besideRole(
        db,
        actor as UserActor,
        found.id,
        found.update && !roleOf(JSON.parse(found.json)).deleted_at,
      ),
    head: (row, { frame, extra }) => <RoleActions role={roleOf(row)} beside={extra} frame={frame} />,
    panels: (row, { frame, extra }) => <RolePanels role={roleOf(row)} beside={extra} frame={frame} />,
    offer: async ({ db, actor }: EntityCall<'role'>) => {
      const { permissions } = await offersFor(db, actor as UserActor, null)
      return { permissions: permissions.map(({ code }) => ({ value: code, label: code })) }
    },
    choices: () => ({ several: inherits() }),
    fields: (props, { offered, severals, frame }) => (
      <RoleFields {...props} offered={offered} parents={severals.parent_ids} frame={frame} />
    ),
    more: (_, { frame }) => <ShortWays frame={frame} />,
    bulk: {
      activate: {
        needs: 'update',
        label: 'Enable',
        icon: 'check',
        doneLabel: 'enabled',
        already: 'already enabled',
        confirm: 'People with these roles get what they grant immediately.',
        one: async (tx, actor, grant: Grant<'role', 'update'>, id) =>
          (await turnRole(tx, actor, grant, id, 'active')).result,
      },
      disable: {
        needs: 'update',
        label: 'Disable',
        icon: 'ban',
        doneLabel: 'disabled',
        confirm: 'Everyone who has them loses their permissions immediately.',
        already: 'already disabled',
        one: async (tx, actor, grant: Grant<'role', 'update'>, id) =>
          (await turnRole(tx, actor, grant, id, 'disabled')).result,
      },
    },
  }),
]
