import { type Invitation, RESET_FIRST, suggestedName } from '#src/domains/people/joining/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { NewPassword } from '#src/ui/password.tsx'

type Shown = {
  token: string
  invitation: Invitation
  rules: string
  /** Who this browser is signed in as. */
  me: string | null
  refusal?: Refusal | undefined
}

/** Who invites into what; whoever has an account joins with it. */
export function acceptScreen(frame: Frame, shown: Shown): Screen {
  const { invitation, me, refusal } = shown
  const { organization, inviter, email, known, unproved } = invitation
  return {
    plain: true,
    title: `Join ${organization}`,
    subtitle: `${inviter ?? 'Someone'} invited ${email}.`,
    footer: known ? (
      <a href={frame.path(paths.forgotPassword)}>{unproved ? 'Reset password' : 'Forgot your password?'}</a>
    ) : null,
    children: (
      <>
        {me ? (
          <p class="hint">You’re signed in as {me}. Joining signs you in as the invited person.</p>
        ) : null}
        <ErrorSummary errors={refusalErrors(refusal)} />
        {unproved && !refusal ? <p>{RESET_FIRST}</p> : null}
        {unproved ? null : <Answer frame={frame} shown={shown} />}
      </>
    ),
  }
}

function Answer({ frame, shown }: { frame: Frame; shown: Shown }) {
  const { token, invitation } = shown
  const { known } = invitation
  return (
    <Form action={frame.path(paths.acceptInvitation(token))} csrfToken={frame.csrfToken} leaves>
      {known ? <KnownFields {...shown} /> : <NewFields {...shown} />}
      <Actions>
        <Button kind="primary">{known ? 'Join' : 'Create account and join'}</Button>
      </Actions>
    </Form>
  )
}

function KnownFields({ invitation, refusal }: Shown) {
  return (
    <>
      <p>You already have an account. Join with it.</p>
      <Field
        label="User name"
        name="username"
        value={invitation.username ?? ''}
        readonly
        required
        autocomplete="username"
      />
      <Field
        name="password"
        label="Password"
        type="password"
        error={errorAt(refusal?.errors, 'password')}
        required
        autocomplete="current-password"
      />
    </>
  )
}

function NewFields({ invitation, rules, refusal }: Shown) {
  const { email, username, firstName, lastName, renamable } = invitation
  const field = fieldsOf(refusal, {
    username: username ?? suggestedName(email),
    first_name: firstName,
    last_name: lastName,
  })
  return (
    <>
      <Field
        {...field('username')}
        label="User name"
        required
        readonly={!renamable}
        autocomplete="username"
      />
      <Field {...field('first_name')} label="First name" autocomplete="given-name" />
      <Field {...field('last_name')} label="Last name" autocomplete="family-name" />
      <NewPassword rules={rules} error={field('password').error} />
    </>
  )
}
