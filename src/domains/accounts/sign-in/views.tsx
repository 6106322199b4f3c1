import { CodeField, Kept } from '#src/domains/accounts/fields.tsx'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { NewPassword } from '#src/ui/password.tsx'

type Login = { next: string; registration: boolean; refusal?: Refusal }

export function loginScreen(frame: Frame, { next, registration, refusal }: Login): Screen {
  const again = next === paths.resume
  return {
    plain: true,
    title: again ? 'Your session ended' : 'Sign in',
    subtitle: again ? 'Enter your password to continue.' : undefined,
    footer: frame.person ? (
      <>
        You’re signed in as {frame.person.name}. <a href={frame.path(next)}>Continue</a>
      </>
    ) : registration ? (
      <>
        No account yet? <a href={frame.path(paths.register)}>Register</a>
      </>
    ) : null,
    children: (
      <>
        <ErrorSummary
          title={frame.person ? 'You’re already signed in' : undefined}
          errors={refusalErrors(refusal)}
        />
        <Form action={frame.path(paths.login)} csrfToken={frame.csrfToken} leaves>
          {next === paths.home ? null : <input type="hidden" name="next" value={next} />}
          <Kept form={refusal?.input.kept} />
          <Field
            {...fieldsOf(refusal)('username')}
            label="User name or e-mail"
            required
            autocomplete="username"
            autofocus={!refusal}
          />
          <Field name="password" label="Password" type="password" required autocomplete="current-password" />
          <Actions>
            <Button kind="primary">Sign in</Button>
            <a href={frame.path(paths.forgotPassword)}>Forgot your password?</a>
          </Actions>
        </Form>
      </>
    ),
  }
}

type Code = { next: string; kept?: string; refusal?: Refusal }

/** The second step, once the password was right. */
export function codeScreen(frame: Frame, { next, kept, refusal }: Code): Screen {
  return {
    plain: true,
    title: 'Two-step verification',
    footer: (
      <>
        Not you? <a href={frame.path(paths.login)}>Start again</a>
      </>
    ),
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.loginCode())} csrfToken={frame.csrfToken} leaves>
          {next === paths.home ? null : <input type="hidden" name="next" value={next} />}
          <Kept form={refusal ? refusal.input.kept : kept} />
          <CodeField refusal={refusal} alone />
          <Actions>
            <Button kind="primary">Sign in</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}

export function registerScreen(frame: Frame, passwordRules: string, refusal?: Refusal): Screen {
  const field = fieldsOf(refusal)
  return {
    plain: true,
    title: 'Register',
    footer: (
      <>
        Already registered? <a href={frame.path(paths.login)}>Sign in</a>
      </>
    ),
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.register)} csrfToken={frame.csrfToken} leaves>
          <Field {...field('username')} label="User name" required autocomplete="username" />
          <Field {...field('email')} label="E-mail" type="email" required autocomplete="email" />
          <Field {...field('first_name')} label="First name" autocomplete="given-name" />
          <Field {...field('last_name')} label="Last name" autocomplete="family-name" />
          <NewPassword rules={passwordRules} error={field('password').error} />
          <Actions>
            <Button kind="primary">Register</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}
