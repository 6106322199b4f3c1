import { counted } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, type Refused, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

type Named = { id: string; name: string }

export type RolesPanelProps = {
  userId: string
  /** Of the person. */
  name: string
  assignments: readonly {
    role: Named
    granted_by: { id: string; name?: string } | null
    reason: string
    created_at: string
    begins_at: string | null
    expires_at: string | null
  }[]
  /** Roles that the reader may give to this person, and so take from them. */
  offered: readonly Named[]
  /** Whether those can be taken away: of nobody stronger. */
  removable?: boolean
  /** How many permissions go with each role; null where the reader isn't told. */
  losses: ReadonlyMap<string, number> | null
  frame: Frame
  refusal?: Refused
}

/** The roles of a person, each with who gave it, why and until when; and a form to give one more. */
export function RolesPanel(props: RolesPanelProps) {
  const { assignments, offered, frame } = props
  return (
    <Panel title="Roles">
      <ErrorSummary errors={refusalErrors(props.refusal)} />
      {assignments.length ? (
        <ul class="plain-list">
          {assignments.map((assignment) => (
            <Assigned {...props} assignment={assignment} />
          ))}
        </ul>
      ) : (
        <p class="nothing">{frame.person?.may('role:read') ? 'No roles' : 'No roles you have access to'}</p>
      )}
      {offered.length ? <GiveForm {...props} /> : null}
    </Panel>
  )
}

function Assigned({
  userId,
  name,
  offered,
  removable = true,
  losses,
  frame,
  assignment,
}: RolesPanelProps & { assignment: RolesPanelProps['assignments'][number] }) {
  const { role, granted_by, reason, created_at, begins_at, expires_at } = assignment
  const shown = offered.length ? <a href={frame.path(paths.role(role.id))}>{role.name}</a> : role.name
  return (
    <li class="plain-row assigned">
      <div>
        {shown}
        <span class="nothing">
          since <Time at={begins_at ?? created_at} clock={frame.clock} />
          {granted_by?.name ? `, by ${granted_by.name}` : null}
          {expires_at ? (
            <>
              , until <Time at={expires_at} clock={frame.clock} />
            </>
          ) : null}
          {reason ? `: ${reason}` : null}
        </span>
      </div>
      {removable && offered.some(({ id }) => id === role.id) ? (
        <ConfirmButton
          id={`take-${role.id}`}
          action={frame.path(paths.userRole(userId, role.id))}
          method="delete"
          csrfToken={frame.csrfToken}
          label="Remove"
          icon="x"
          kind="quiet"
          title={`Remove the role “${role.name}” from ${name}?`}
          text={losing(losses && (losses.get(role.id) ?? 0))}
          confirm="Remove role"
        />
      ) : null}
    </li>
  )
}

/** What goes with a role. */
function losing(count: number | null): string {
  if (count === null) return 'They lose its permissions immediately.'
  if (!count) return 'They keep all their permissions: other roles grant them too.'
  return `They lose ${counted(count, { one: 'permission', many: 'permissions' })} immediately.`
}

function GiveForm({ userId, offered, frame, refusal }: RolesPanelProps) {
  const field = fieldsOf(refusal)
  return (
    <details class="give" open={refusal !== undefined}>
      <summary>Assign role</summary>
      <Form action={frame.path(paths.userRoles(userId))} csrfToken={frame.csrfToken}>
        <Select
          {...field('role_id')}
          label="Role"
          required
          options={offered.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <Field
          {...field('expires_at')}
          label="Expires"
          hint={`${frame.clock.zone} time. Leave empty for no expiry.`}
          type="datetime-local"
          autocomplete="off"
        />
        <Field {...field('reason')} label="Reason" maxlength={500} autocomplete="off" />
        <Actions>
          <Button kind="primary">Assign</Button>
        </Actions>
      </Form>
    </details>
  )
}
