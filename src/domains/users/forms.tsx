import type { UserRecord } from '#src/domains/users/model.ts'
import { type May, nameOf, type Offered } from '#src/domains/users/views.tsx'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { CheckboxGroup } from '#src/ui/checkbox.tsx'
import { Conflict } from '#src/ui/conflict.tsx'
import { Field, Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Fieldset, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

const list = (value: unknown): string[] => [value].flat().filter((item) => typeof item === 'string')

export function newScreen(offered: Offered, frame: Frame, refusal?: Refusal): Screen {
  const { path, csrfToken } = frame
  const field = fieldsOf(refusal)
  const chosen = (name: string) => ({ name, values: list(refusal?.input[name]), error: field(name).error })
  return {
    title: 'Add a person',
    lead: 'Without a password they are invited, and set one themselves.',
    trail: [{ label: 'People', href: path(paths.users) }],
    children: (
      <Panel>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={path(paths.users)} csrfToken={csrfToken}>
          <Field {...field('username')} label="User name" required autocomplete="off" />
          <Field {...field('email')} label="E-mail" type="email" required autocomplete="off" />
          <Field {...field('first_name')} label="First name" autocomplete="off" />
          <Field {...field('last_name')} label="Last name" autocomplete="off" />
          <Field
            name="password"
            label="Password"
            type="password"
            error={field('password').error}
            autocomplete="new-password"
          />
          {offered.roles.length ? (
            <CheckboxGroup {...chosen('role_ids')} legend="Roles" options={offered.roles.map(roleChoice)} />
          ) : null}
          {offered.groups.length ? (
            <CheckboxGroup {...chosen('groups')} legend="Groups" options={offered.groups.map(groupChoice)} />
          ) : null}
          <Actions>
            <Button kind="primary">Add person</Button>
            <ButtonLink href={path(paths.users)}>Cancel</ButtonLink>
          </Actions>
        </Form>
      </Panel>
    ),
  }
}

const roleChoice = ({ id, name, description }: Offered['roles'][number]) => ({
  value: id,
  label: name,
  hint: description,
})
const groupChoice = ({ id, name, kind }: Offered['groups'][number]) => ({
  value: id,
  label: `${name} (${kind})`,
})

const labels = {
  username: 'User name',
  email: 'E-mail',
  first_name: 'First name',
  last_name: 'Last name',
  locale: 'Language',
  time_zone: 'Time zone',
  status: 'Status',
} as const
type Editable = keyof typeof labels

export function editScreen(user: UserRecord, may: May, frame: Frame, refusal?: Refusal): Screen {
  const { path } = frame
  return {
    title: `Edit ${nameOf(user)}`,
    trail: [
      { label: 'People', href: path(paths.users) },
      { label: nameOf(user), href: path(paths.user(user.id)) },
    ],
    children:
      refusal?.status === 412 ? (
        <BothVersions user={user} frame={frame} input={refusal.input} />
      ) : (
        <EditForm user={user} may={may} frame={frame} refusal={refusal} />
      ),
  }
}

type Editing = { user: UserRecord; may: May; frame: Frame; refusal?: Refusal }

function EditForm({ user, may, frame, refusal }: Editing) {
  const { path, csrfToken } = frame
  const field = fieldsOf(refusal, user)
  return (
    <Panel>
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={path(paths.user(user.id))} method="patch" csrfToken={csrfToken} version={user.version}>
        <Fieldset legend="Person">
          <ProfileFields field={field} />
        </Fieldset>
        {may.signIn ? (
          <Fieldset legend="Signing in">
            <Field {...field('username')} label={labels.username} required autocomplete="off" />
            <Field {...field('email')} label={labels.email} type="email" required autocomplete="off" />
            {user.id !== may.me && user.status !== 'invited' ? (
              <Select {...field('status')} label={labels.status} required options={turns} />
            ) : null}
          </Fieldset>
        ) : null}
        <Actions>
          <Button kind="primary">Save</Button>
          <ButtonLink href={path(paths.user(user.id))}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}

const turns = [
  { value: 'active', label: 'Active' },
  { value: 'disabled', label: 'Disabled' },
]

/** What people may change of themselves, and whoever administers them too. */
export function ProfileFields({ field }: { field: ReturnType<typeof fieldsOf> }) {
  return (
    <>
      <Field {...field('first_name')} label={labels.first_name} autocomplete="given-name" />
      <Field {...field('last_name')} label={labels.last_name} autocomplete="family-name" />
      <Field {...field('locale')} label={labels.locale} hint="Like en or de-AT" required />
      <Field {...field('time_zone')} label={labels.time_zone} hint="Like Europe/Vienna" required />
    </>
  )
}

function BothVersions({
  user,
  frame,
  input,
}: {
  user: UserRecord
  frame: Frame
  input: Record<string, unknown>
}) {
  const path = frame.path(paths.user(user.id))
  const sent = (Object.keys(labels) as Editable[]).filter((name) => typeof input[name] === 'string')
  const fields = sent.map((name) => ({
    name,
    label: labels[name],
    mine: input[name] as string,
    theirs: user[name],
  }))
  return (
    <Conflict
      action={path}
      csrfToken={frame.csrfToken}
      version={user.version}
      fields={fields}
      cancel={path}
    />
  )
}
