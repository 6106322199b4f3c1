import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { covers } from '#src/access/granting.ts'
import {
  createPermission,
  deletePermission,
  turnPermission,
  updatePermission,
} from '#src/domains/roles/permissions/actions.ts'
import {
  newPermission,
  type PermissionRecord,
  permissionOf,
  permissions,
  someOfPermission,
  wholePermission,
} from '#src/domains/roles/permissions/model.ts'
import { besidePermission, modelsOf, permissionsOf } from '#src/domains/roles/permissions/queries.ts'
import { listColumns, ModelTable, RolesPanel, Switch } from '#src/domains/roles/permissions/views.tsx'
import { notFound } from '#src/errors.ts'
import { can, get, patch } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { EntityCall } from '#src/resource/call.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { saved } from '#src/resource/record/saved.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

/** Whether the switch is offered: for an inactive one that is found out when it is pressed. */
const maySwitch = (actor: UserActor) => {
  const may = actor.can('permission:update')
  return ({ code, status }: PermissionRecord) =>
    may && (status === 'disabled' || covers(actor.rights.scopes, [code]))
}

export const permissionRoutes = [
  get(
    paths.permissionsOf(':model'),
    can('permission:read'),
    {
      answer: z.strictObject({ data: z.array(permissions.record) }),
      summary: 'List every permission of one model',
    },
    async ({ c, db, actor, grant }) => {
      const model = c.req.param('model') ?? ''
      const found = /^[a-z][a-z0-9_]*$/.test(model) ? await permissionsOf(db, actor, grant, model) : []
      if (!found.length) throw notFound()
      return {
        json: { data: found },
        screen: (frame) => ({
          title: `Permissions of ${model.replaceAll('_', ' ')}`,
          breadcrumbs: [{ label: 'Permissions', href: frame.path(paths.permissions) }],
          children: (
            <ModelTable rows={found as unknown as RecordRow[]} frame={frame} may={maySwitch(actor)} />
          ),
        }),
      }
    },
  ),

  patch(
    paths.togglePermission(':id'),
    can('permission:update'),
    { answer: permissions.record, otherStatuses: [409, 412], summary: 'Disable or enable a permission' },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const done = await db.withActor(actor, (tx) => turnPermission(tx, actor, grant, id(), null, version))
      return saved(call, permissions, done, 'Saved', paths.home)
    },
  ),

  ...resourceRoutes(permissions, {
    without: ['import'],
    actions: { create: createPermission, update: updatePermission, remove: deletePermission },
    bodies: { create: newPermission, whole: wholePermission, some: someOfPermission },
    undeletable: (row) => permissionOf(row).builtin,
    columns: ({ actor, frame }) => listColumns({ frame, may: maySwitch(actor) }),
    filters: async ({ db, actor, grant }: EntityCall<'permission'>, { model }) => {
      const models = await modelsOf(db, actor as UserActor, grant as unknown as Grant<'permission', 'read'>)
      return [
        {
          name: 'model',
          label: 'Model',
          value: model?.[0] ?? null,
          as: 'select',
          options: models.map((value) => ({ value, label: value.replaceAll('_', ' ') })),
        },
      ]
    },
    load: ({ db, actor }: EntityCall<'permission'>, found) =>
      besidePermission(db, actor as UserActor, permissionOf(JSON.parse(found.json))),
    head: (row, { frame, record, extra }) =>
      record.update && extra.mine ? <Switch permission={permissionOf(row)} frame={frame} /> : null,
    panels: (_, { frame, extra }) => <RolesPanel roles={extra.roles} frame={frame} />,
    bulk: {
      activate: {
        needs: 'update',
        label: 'Enable',
        icon: 'check',
        doneLabel: 'enabled',
        already: 'already enabled',
        confirm: 'People whose roles grant them get them immediately.',
        one: (tx, actor, grant: Grant<'permission', 'update'>, id) =>
          turnPermission(tx, actor, grant, id, 'active'),
      },
      disable: {
        needs: 'update',
        label: 'Disable',
        icon: 'ban',
        doneLabel: 'disabled',
        already: 'already disabled',
        confirm: 'Everyone loses them immediately, whatever their roles grant.',
        one: (tx, actor, grant: Grant<'permission', 'update'>, id) =>
          turnPermission(tx, actor, grant, id, 'disabled'),
      },
    },
  }),
]
