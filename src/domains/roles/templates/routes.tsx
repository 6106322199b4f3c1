import type { UserActor } from '#src/access/actor.ts'
import { minimalRole, roles, templateRole, templatesAnswer } from '#src/domains/roles/roles/model.ts'
import {
  createFromTemplate,
  createMinimal,
  templateRecords,
  templatesFor,
} from '#src/domains/roles/templates/actions.ts'
import { MinimalForm, TemplateForm } from '#src/domains/roles/templates/views.tsx'
import { can, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'
import type { Frame } from '#src/ui/frame.ts'

const breadcrumbs = (frame: Frame) => [{ label: 'Roles', href: frame.path(paths.roles) }]

const minimalForm = (refusal?: Refusal) => (frame: Frame) => ({
  title: 'Add a minimal role',
  subtitle: 'Lets people view and change their own profile, and nothing else.',
  breadcrumbs: breadcrumbs(frame),
  children: <MinimalForm frame={frame} refusal={refusal} />,
})

const templateForm = (actor: UserActor, refusal?: Refusal) => (frame: Frame) => ({
  title: 'Add a role from a template',
  subtitle: 'Starts with the template’s permissions; change them any time.',
  breadcrumbs: breadcrumbs(frame),
  children: (
    <TemplateForm
      frame={frame}
      refusal={refusal}
      templates={templatesFor(actor).map((name) => ({ value: name, label: name.replaceAll('_', ' ') }))}
    />
  ),
})

const creating = can('role:create')
const made = { answer: roles.record, status: 201 as const, otherStatuses: [409] }

export const templateRoutes = [
  get(paths.createMinimalRole, creating, { only: 'page' }, () => ({ screen: minimalForm() })),
  post(
    paths.createMinimalRole,
    creating,
    {
      ...made,
      body: minimalRole,
      refused: (_, refusal) => minimalForm(refusal),
      summary: 'Add a minimal role: people view and change only their own profile',
    },
    async (call) => {
      const { db, actor, grant, body } = call
      const done = await db.withActor(actor, (tx) => createMinimal(tx, actor, grant, body.name))
      return { ...saved(call, roles, done, 'Role added', paths.createMinimalRole), status: 201 }
    },
  ),

  get(
    paths.roleTemplates,
    creating,
    { only: 'api', answer: templatesAnswer, summary: 'List the templates for new roles' },
    ({ actor }) => ({ json: { data: templateRecords(actor) } }),
  ),
  get(paths.roleFromTemplate, creating, { only: 'page' }, ({ actor }) => ({ screen: templateForm(actor) })),
  post(
    paths.roleFromTemplate,
    creating,
    {
      ...made,
      body: templateRole,
      refused: ({ actor }, refusal) => templateForm(actor, refusal),
      summary: 'Add a role from a template',
    },
    async (call) => {
      const { db, actor, grant, body } = call
      const done = await db.withActor(actor, (tx) => createFromTemplate(tx, actor, grant, body))
      return { ...saved(call, roles, done, 'Role added', paths.roleFromTemplate), status: 201 }
    },
  ),
]
