import { backToLogin } from '#src/domains/accounts/fields.tsx'
import type { Link } from '#src/domains/accounts/link.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'

type Shown = { token: string; link: Link; refusal?: Refusal | undefined }

/** What is over then, said beforehand. */
const ENDS = {
  changed: 'This signs you out everywhere else.',
  proved:
    'This signs you out everywhere else. If this address was never confirmed before, it also turns off two-step verification and revokes API keys: set them up again.',
}

/** A press of a button, since programs that look through mail follow links. */
export function verifyEmailScreen(frame: Frame, { token, link, refusal }: Shown): Screen {
  if (link.purpose === 'register') return finishScreen(frame, { token, link, refusal })
  return {
    plain: true,
    title: 'Confirm your e-mail address',
    subtitle: `${link.email}, for ${link.username}`,
    footer: backToLogin(frame),
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <p>{ENDS[link.purpose === 'change_email' ? 'changed' : 'proved']}</p>
        <Form action={frame.path(paths.verifyEmail(token))} csrfToken={frame.csrfToken} leaves>
          <input type="hidden" name="username" autocomplete="username" value={link.username} />
          <Password refusal={refusal} />
          <Actions>
            <Button kind="primary">Confirm address</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}

function finishScreen(frame: Frame, { token, link, refusal }: Shown): Screen {
  return {
    plain: true,
    title: 'Almost there',
    subtitle: `${link.email} is confirmed. Enter the password you chose.`,
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.verifyEmail(token))} csrfToken={frame.csrfToken} leaves>
          <Field
            {...fieldsOf(refusal, link)('username')}
            label="User name"
            required
            autocomplete="username"
          />
          <Password refusal={refusal} />
          <Actions>
            <Button kind="primary">Get started</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}

const Password = ({ refusal }: Pick<Shown, 'refusal'>) => (
  <Field
    name="password"
    label="Password"
    type="password"
    error={errorAt(refusal?.errors, 'password')}
    required
    autocomplete="current-password"
  />
)

export function unlockScreen(frame: Frame, { token, link }: Shown): Screen {
  return {
    plain: true,
    title: 'Unlock your account?',
    subtitle: `${link.username} is locked for a while after too many failed sign-ins.`,
    footer: <a href={frame.path(paths.forgotPassword)}>Forgot your password?</a>,
    children: (
      <Form action={frame.path(paths.unlock(token))} csrfToken={frame.csrfToken} leaves>
        <Actions>
          <Button kind="primary">Unlock</Button>
        </Actions>
      </Form>
    ),
  }
}
