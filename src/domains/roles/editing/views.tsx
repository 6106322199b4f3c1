import type { Effect } from '#src/access/effect.ts'
import type { Saving } from '#src/domains/roles/editing/model.ts'
import type { EditableRole } from '#src/domains/roles/editing/queries.ts'
import { ConflictForm, EditForm } from '#src/domains/roles/roles/form-views.tsx'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths, pathsOf } from '#src/paths.ts'
import type { LastChange } from '#src/resource/history/query.ts'
import { Permission } from '#src/resource/permission-views.tsx'
import type { Several } from '#src/resource/references/several.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { type EffectProps, Effects } from '#src/ui/effect.tsx'
import { Actions, Form } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

type EditProps = EditableRole & {
  parents: Several | undefined
  changed: LastChange | null
  refusal?: Refusal
  input?: Record<string, unknown>
  version: number | null
}

const breadcrumbs = ({ id, name }: RoleRecord, frame: Frame) => [
  { label: 'Roles', href: frame.path(paths.roles) },
  { label: name, href: frame.path(paths.role(id)) },
]

/** The form, as the role is or as it was sent before. */
export const editScreen = (
  frame: Frame,
  { role, offered, parents, changed, refusal, input, version }: EditProps,
): Screen => ({
  title: `Edit ${role.name}`,
  breadcrumbs: breadcrumbs(role, frame),
  children:
    refusal?.status === 412 ? (
      <ConflictForm role={role} parents={parents} frame={frame} input={refusal.input} changed={changed} />
    ) : (
      <EditForm
        role={role}
        offered={offered}
        parents={parents}
        frame={frame}
        refusal={refusal}
        input={input}
        version={(input && version) ?? role.version}
      />
    ),
})

type PreviewProps = {
  role: RoleRecord
  effects: readonly Effect[]
  saving: Saving
  version: number
  /** Whether the form comes back with what was entered; otherwise the role's page does. */
  edited: boolean
  frame: Frame
}

/** What a change would do to people, before it is saved. */
export const previewScreen = (frame: Frame, preview: Omit<PreviewProps, 'frame'>): Screen => ({
  title: `Review changes to ${preview.role.name}`,
  subtitle: 'Nothing is saved yet. Review who gains and loses access.',
  breadcrumbs: breadcrumbs(preview.role, frame),
  children: <Preview {...preview} frame={frame} />,
})

/** Who would gain and who would lose what, before a role is saved. */
function Preview({ role, effects, saving, version, edited, frame }: PreviewProps) {
  const { action, method, fields } = saving
  const { csrfToken, path } = frame
  const sent = fields.map(([name, value]) => <input type="hidden" name={name} value={value} />)
  return (
    <Panel>
      <Effects items={together(effects, frame)} />
      <Form
        action={path(action)}
        method={method}
        csrfToken={csrfToken}
        version={version}
        guard={false}
        id="confirm"
      >
        {sent}
      </Form>
      {edited ? (
        <Form
          action={path(pathsOf(paths.roles).edit(role.id))}
          csrfToken={csrfToken}
          version={version}
          guard={false}
          id="back"
        >
          {sent}
        </Form>
      ) : null}
      <Actions>
        <Button kind="primary" form="confirm">
          Save changes
        </Button>
        {edited ? (
          <Button form="back" name="back" value="true">
            Keep editing
          </Button>
        ) : (
          <ButtonLink href={path(paths.role(role.id))}>Cancel</ButtonLink>
        )}
      </Actions>
    </Panel>
  )
}

/** One line for all permissions that the same people gain, or the same lose. */
function together(effects: readonly Effect[], frame: Frame): EffectProps[] {
  const lines = (['gain', 'lose'] as const).flatMap((kind) =>
    effects
      .map(({ permission, gains, loses }) => ({ kind, permission, who: kind === 'gain' ? gains : loses }))
      .filter(({ who }) => who.count > 0),
  )
  // people who aren't all named may be others
  const key = ({ kind, permission, who }: (typeof lines)[number]) =>
    `${kind} ${who.count > who.users.length ? permission : who.users.map(({ id }) => id)}`
  return [...Map.groupBy(lines, key).values()].map((group) => {
    const [{ kind, who }] = group as [(typeof lines)[number]]
    return {
      kind,
      count: who.count,
      noun: { one: 'person', many: 'people' },
      what: group.map(({ permission }, index) => (
        <>
          {index ? ', ' : null}
          <Permission code={permission} />
        </>
      )),
      names: who.users.map(({ id, name }) => ({ label: name, href: frame.path(paths.user(id)) })),
    }
  })
}
