import { type Invited, invitationOf, invitations } from '#src/domains/people/invitations/model.ts'
import { obstacles } from '#src/domains/people/invitations/obstacle-queries.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { about } from '#src/locale/instructions.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { shown } from '#src/resource/kinds/cell.tsx'
import { ReferenceField } from '#src/resource/record/field.tsx'
import type { FieldsProps } from '#src/resource/record/form-views.tsx'
import type { Picking, Pickings } from '#src/resource/references/picking.ts'
import type { Several, Severals } from '#src/resource/references/several.ts'
import { SeveralField } from '#src/resource/references/several-views.tsx'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge } from '#src/ui/feedback.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import type { Filter } from '#src/ui/toolbar.tsx'

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(', ')

/** What waits for nothing any more doesn't look as if it did. */
const statusOf = (row: RecordRow, frame: Frame): Child =>
  invitationOf(row).obstacle
    ? Badge({ tone: 'bad', children: 'Blocked' })
    : shown(invitations, 'status', row, frame)

const cell = (name: string, frame: Frame) => (row: RecordRow) => shown(invitations, name, row, frame)

export const listColumns = (frame: Frame): Column<RecordRow>[] => [
  {
    key: 'email',
    label: 'E-mail',
    sortable: true,
    href: (row) => frame.path(paths.invitation(row.id)),
    cell: (row) => invitationOf(row).email,
  },
  { key: 'status', label: 'Status', cell: (row) => statusOf(row, frame) },
  { key: 'roles', label: 'Roles', cell: (row) => names(invitationOf(row).roles) },
  { key: 'group_id', label: 'Group', cell: cell('group_id', frame) },
  { key: 'invited_by', label: 'Invited by', cell: (row) => invitationOf(row).invited_by?.name ?? null },
  { key: 'sent_at', label: 'Sent', cell: cell('sent_at', frame) },
  { key: 'expires_at', label: 'Expires', sortable: 'descending', cell: cell('expires_at', frame) },
]

/** Those that wait for somebody to mend them. */
export const blockedFilter = (chosen: readonly string[] = []): Filter => ({
  name: 'blocked',
  label: 'Blocked',
  value: chosen.join(',') || null,
  any: 'Any',
  options: [{ value: 'true', label: 'Blocked' }],
})

const MEND = {
  inviter: 'Resend it to vouch for it yourself.',
  role: 'Edit it to choose their access and vouch for it yourself.',
  group: 'Edit it to choose their access and vouch for it yourself.',
  rights: 'Resend it to vouch for it yourself, or edit their access.',
} as const

/** Why nobody can accept it, and how that is mended. */
function Blocked({ row, mends }: { row: RecordRow; mends: boolean }) {
  const { obstacle, user_id } = invitationOf(row)
  if (!obstacle) return null
  const those = user_id && obstacle === 'role' ? 'Change their access under People.' : MEND[obstacle]
  return (
    <Panel title="No one can accept this">
      <p>
        {obstacles[obstacle]} {mends ? those : null}
      </p>
    </Panel>
  )
}

/** What stands in its way, what it gives, and who vouches for it. */
export function GiftsPanel({ row, frame, mends }: { row: RecordRow; frame: Frame; mends: boolean }) {
  const { roles, invited_by, user_id } = invitationOf(row)
  return (
    <>
      <Blocked row={row} mends={mends} />
      <Panel title="Access on joining">
        {user_id ? <p>They’re already listed under People.</p> : null}
        {roles.length ? (
          <ul class="plain-list">
            {roles.map(({ id, name }) => (
              <li>
                <a href={frame.path(paths.role(id))}>{name}</a>
              </li>
            ))}
          </ul>
        ) : (
          <p class="nothing">No roles you have access to</p>
        )}
        {invited_by?.name ? (
          <p class="nothing">
            Invited by {invited_by.name}, who must still be able to grant this when it’s accepted.
          </p>
        ) : null}
      </Panel>
    </>
  )
}

/** Sends it once more, or ends it. */
export function Verbs({ row, frame }: { row: RecordRow; frame: Frame }) {
  const { id, email, status } = invitationOf(row)
  if (row.deleted_at || !['pending', 'expired'].includes(status)) return null
  const { csrfToken } = frame
  return (
    <>
      <ConfirmButton
        id="resend"
        action={frame.path(paths.resendInvitation(id))}
        csrfToken={csrfToken}
        label="Resend"
        icon="mail"
        kind="plain"
        title={`Send ${email} a new link?`}
        text="The previous link stops working, and the invitation is then yours."
        confirm="Resend invitation"
      />
      <ConfirmButton
        id="revoke"
        action={frame.path(paths.revokeInvitation(id))}
        csrfToken={csrfToken}
        label="Revoke"
        icon="ban"
        title={`Revoke the invitation for ${email}?`}
        text="Its link stops working."
        confirm="Revoke invitation"
      />
    </>
  )
}

/** Roles and group: of new invitations, and of one that is changed. */
type Gifts = FieldsProps & { roles: Several | undefined; picking: Picking | undefined; frame: Frame }

export function GiftFields({ field, row, roles, picking, frame }: Gifts) {
  const was = row && invitationOf(row)
  const shared = { ...field('group_id'), label: 'Group', none: 'None' }
  // what is gone is chosen anew
  const groups = withThat(picking?.few, was?.obstacle === 'group' ? null : was?.group)
  return (
    <>
      <SeveralField {...field('role_ids')} label="Roles" several={roles} frame={frame} changes />
      {picking?.options ? (
        <ReferenceField {...shared} picking={picking} frame={frame} />
      ) : groups.length ? (
        <Select {...shared} options={groups} />
      ) : null}
    </>
  )
}

/** What is offered, and what is there already. */
const withThat = (offered: Picking['few'] = [], that?: { id: string; name?: string } | null) =>
  !that || offered.some(({ value }) => value === that.id)
    ? offered
    : [{ value: that.id, label: that.name ?? 'Current group' }, ...offered]

type Inviting = {
  severals: Severals
  pickings: Pickings
  refusal?: Refusal | undefined
  results?: readonly Invited[]
}

/** One address or many. */
export function inviteScreen(frame: Frame, { severals, pickings, refusal, results = [] }: Inviting): Screen {
  const refused = results.filter(({ status }) => status === 'refused')
  const done = results.length - refused.length
  const list = frame.path(paths.pendingInvitations)
  return {
    title: 'Invite people',
    breadcrumbs: [{ label: 'Invitations', href: list }],
    children: (
      <Panel>
        {done ? <p role="status">{done === 1 ? '1 invitation sent.' : `${done} invitations sent.`}</p> : null}
        <ErrorSummary
          title={refused.length ? 'Not sent' : undefined}
          errors={
            refused.length
              ? refused.map(({ email, reason }) => ({ path: 'emails', message: about(email, reason ?? '') }))
              : refusalErrors(refusal)
          }
        />
        <Form action={frame.path(paths.manyInvitations)} csrfToken={frame.csrfToken}>
          <Field
            {...fieldsOf(refusal)('emails')}
            label="E-mail addresses"
            hint="One per line, or separated by commas."
            rows={6}
            required
            autocomplete="off"
          />
          <GiftFields
            field={fieldsOf(refusal)}
            roles={severals.role_ids}
            picking={pickings.group_id}
            frame={frame}
          />
          <Actions>
            <Button kind="primary">Send invitations</Button>
            <ButtonLink href={list}>Cancel</ButtonLink>
          </Actions>
        </Form>
      </Panel>
    ),
  }
}
