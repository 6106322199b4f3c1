import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { NewPassword } from '#src/ui/password.tsx'

export const backToLogin = (frame: Frame) => <a href={frame.path(paths.login)}>Back to sign-in</a>

export function forgotScreen(frame: Frame, refusal?: Refusal): Screen {
  return {
    plain: true,
    title: 'Forgot your password?',
    lead: 'We’ll e-mail you a reset link.',
    footer: backToLogin(frame),
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.forgotPassword)} csrfToken={frame.csrfToken} leaves>
          <Field
            {...fieldsOf(refusal)('username')}
            label="User name or e-mail"
            required
            autocomplete="username"
            autofocus={!refusal}
          />
          <Actions>
            <Button kind="primary">Send link</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}

/** The same whether or not there is anybody. */
export function sentScreen(frame: Frame, text: string): Screen {
  return { plain: true, title: 'Check your e-mail', footer: backToLogin(frame), children: <p>{text}</p> }
}

type Choose = {
  title: string
  lead: Child
  action: string
  /** For password managers. */
  username: string
  rules: string
  button: string
  refusal: Refusal | undefined
}

/** Chooses a password by a link. */
export function chooseScreen(
  frame: Frame,
  { title, lead, action, username, rules, button, refusal }: Choose,
): Screen {
  return {
    plain: true,
    title,
    lead,
    footer: backToLogin(frame),
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(action)} csrfToken={frame.csrfToken} leaves>
          <Field
            label="User name"
            name="username"
            value={username}
            readonly
            required
            autocomplete="username"
          />
          <NewPassword label="New password" rules={rules} error={errorAt(refusal?.errors, 'password')} />
          <Actions>
            <Button kind="primary">{button}</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}
