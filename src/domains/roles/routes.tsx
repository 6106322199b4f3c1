import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { deleteRole, restoreRole, stepRole, turnRole, updateRole } from '#src/domains/roles/actions.ts'
import { createFromTemplate, createMinimal, createRole, templatesFor } from '#src/domains/roles/creating.ts'
import { editRoutes } from '#src/domains/roles/edit-routes.tsx'
import { MinimalForm, RoleFields, ShortWays, TemplateForm } from '#src/domains/roles/forms.tsx'
import { minimalRole, newRole, roleOf, roles, templateRole } from '#src/domains/roles/model.ts'
import { besideRole, offersFor } from '#src/domains/roles/queries.ts'
import { listColumns, RoleActions, RolePanels } from '#src/domains/roles/views.tsx'
import { type Call, can, del, get, patch, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { saved } from '#src/resource/record-routes.tsx'
import { resourceRoutes } from '#src/resource/routes.tsx'
import type { Frame } from '#src/ui/frame.ts'

const trail = (frame: Frame) => [{ label: 'Roles', href: frame.path(paths.roles) }]

const minimalForm = (refusal?: Refusal) => (frame: Frame) => ({
  title: 'Add a minimal role',
  lead: 'For people who shall see and change their own profile, and nothing else yet.',
  trail: trail(frame),
  children: <MinimalForm frame={frame} refusal={refusal} />,
})

const templateForm = (actor: UserActor, refusal?: Refusal) => (frame: Frame) => ({
  title: 'Add a role from a template',
  lead: 'It begins with what the template holds, and is changed as you like.',
  trail: trail(frame),
  children: (
    <TemplateForm
      frame={frame}
      refusal={refusal}
      templates={templatesFor(actor).map((name) => ({ value: name, label: name.replaceAll('_', ' ') }))}
    />
  ),
})

const creating = can('role:create')
const made = { answer: roles.record, status: 201 as const, also: [409] }

/** One permission or parent more, or less. */
const steps = (
  [
    ['permissions', paths.rolePermission(':id', ':permission_id'), 'permission_id', 'permission'],
    ['parents', paths.roleParent(':id', ':role_id'), 'role_id', 'role to inherit from'],
  ] as const
).flatMap(([kind, path, name, what]) =>
  [true, false].map((add) =>
    (add ? post : del)(
      path,
      can('role:update'),
      {
        answer: roles.record,
        also: [409, 412],
        summary: add ? `Add a ${what} to a role` : `Take a ${what} from a role`,
      },
      async (call) => {
        const { db, actor, grant, id, version } = call
        const step = { kind, id: id(name), add }
        const { result } = await db.withActor(actor, (tx) => stepRole(tx, actor, grant, id(), step, version))
        return saved(call, roles, result, 'Saved', paths.editRole(result.id))
      },
    ),
  ),
)

export const roleRoutes = [
  get(paths.createMinimalRole, creating, { only: 'page' }, () => ({ screen: minimalForm() })),
  post(
    paths.createMinimalRole,
    creating,
    {
      ...made,
      body: minimalRole,
      refused: (_, refusal) => minimalForm(refusal),
      summary: 'Add a role that sees and changes its holder',
    },
    async (call) => {
      const { db, actor, grant, body } = call
      const done = await db.withActor(actor, (tx) => createMinimal(tx, actor, grant, body.name))
      return { ...saved(call, roles, done, 'Role added', paths.createMinimalRole), status: 201 }
    },
  ),

  get(paths.roleFromTemplate, creating, { only: 'page' }, ({ actor }) => ({ screen: templateForm(actor) })),
  post(
    paths.roleFromTemplate,
    creating,
    {
      ...made,
      body: templateRole,
      refused: ({ actor }, refusal) => templateForm(actor, refusal),
      summary: 'Add a role with what a template holds',
    },
    async (call) => {
      const { db, actor, grant, body } = call
      const done = await db.withActor(actor, (tx) => createFromTemplate(tx, actor, grant, body))
      return { ...saved(call, roles, done, 'Role added', paths.roleFromTemplate), status: 201 }
    },
  ),

  patch(
    paths.toggleRole(':id'),
    can('role:update'),
    { answer: roles.record, also: [409, 412], summary: 'Disable a role, or enable it again' },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const { result } = await db.withActor(actor, (tx) => turnRole(tx, actor, grant, id(), null, version))
      return saved(call, roles, result, 'Saved', paths.editRole(result.id))
    },
  ),
  ...steps,

  ...resourceRoutes(roles, {
    without: ['update', 'import'],
    actions: { create: createRole, update: updateRole, remove: deleteRole, restore: restoreRole },
    bodies: { create: newRole },
    kept: (row) => roleOf(row).builtin,
    columns: ({ frame }) => listColumns(frame),
    load: ({ db, actor }: Call, found) =>
      besideRole(
        db,
        actor as UserActor,
        found.id,
        found.update && !roleOf(JSON.parse(found.json)).deleted_at,
      ),
    head: (row, { frame, extra }) => <RoleActions role={roleOf(row)} beside={extra} frame={frame} />,
    panels: (row, { frame, extra }) => <RolePanels role={roleOf(row)} beside={extra} frame={frame} />,
    offer: async ({ db, actor }: Call) => {
      const { permissions, parents } = await offersFor(db, actor as UserActor, null)
      return {
        permissions: permissions.map(({ code }) => ({ value: code, label: code })),
        parents: parents.map(({ id, name }) => ({ value: id, label: name })),
      }
    },
    fields: (props, { offered }) => <RoleFields {...props} offered={offered} />,
    more: (_, { frame }) => <ShortWays frame={frame} />,
    bulk: {
      activate: {
        needs: 'update',
        label: 'Enable',
        icon: 'check',
        did: 'enabled',
        one: (tx, actor, grant: Grant<'role', 'update'>, id) => turnRole(tx, actor, grant, id, 'active'),
      },
      disable: {
        needs: 'update',
        label: 'Disable',
        icon: 'ban',
        did: 'disabled',
        confirm: 'Whoever has them may no longer what they give, from the next request on.',
        one: (tx, actor, grant: Grant<'role', 'update'>, id) => turnRole(tx, actor, grant, id, 'disabled'),
      },
    },
  }),
  ...editRoutes,
]
