import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { NewPassword } from '#src/ui/password.tsx'

/** What was typed into a form that waits for this one. */
export function Kept({ form }: { form: unknown }) {
  return typeof form === 'string' ? <input type="hidden" name="kept" value={form} /> : null
}

/** The code of the app; or a recovery code, so it is no number. */
export function CodeField({ refusal, alone }: { refusal: Refusal | undefined; alone: boolean }) {
  return (
    <Field
      name="code"
      label={alone ? 'Code' : 'Or a code'}
      hint="The 6 digits your app shows now, or a recovery code."
      error={errorAt(refusal?.errors, 'code')}
      required
      autocomplete="one-time-code"
      autofocus={alone && !refusal}
    />
  )
}

/** Where nothing else may be done, one may leave. */
export function SignOut({ frame }: { frame: Frame }) {
  return (
    <Form action={frame.path(paths.logout)} csrfToken={frame.csrfToken} leaves>
      <Actions>
        <Button kind="quiet">Sign out</Button>
      </Actions>
    </Form>
  )
}

export const backToLogin = (frame: Frame) => <a href={frame.path(paths.login)}>Back to sign-in</a>

/** The same whether or not there is anybody. */
export function sentScreen(frame: Frame, text: string): Screen {
  return { plain: true, title: 'Check your e-mail', footer: backToLogin(frame), children: <p>{text}</p> }
}

/** Chooses a password by a link. */
export function chooseScreen(
  frame: Frame,
  { title, subtitle, action, username, rules, button, refusal }: Choose,
): Screen {
  return {
    plain: true,
    title,
    subtitle,
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

export type Choose = {
  title: string
  subtitle: Child
  action: string
  /** For password managers. */
  username: string
  rules: string
  button: string
  refusal: Refusal | undefined
}
