import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'

const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

type Login = { next: string; registration: boolean; refusal?: Refusal }

export function loginScreen(frame: Frame, { next, registration, refusal }: Login): Screen {
  return {
    plain: true,
    title: 'Sign in',
    footer: registration ? (
      <>
        No account yet? <a href={frame.path(paths.register)}>Register</a>
      </>
    ) : null,
    children: (
      <>
        <ErrorSummary title="You are not signed in" errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.login)} csrfToken={frame.csrfToken} leaves>
          {next === paths.home ? null : <input type="hidden" name="next" value={next} />}
          <Field
            name="username"
            label="User name or e-mail"
            value={text(refusal?.input.username)}
            required
            autocomplete="username"
            autofocus={!refusal}
          />
          <Field name="password" label="Password" type="password" required autocomplete="current-password" />
          <Actions>
            <Button kind="primary">Sign in</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}

export function registerScreen(frame: Frame, refusal?: Refusal): Screen {
  const at = (name: string) => errorAt(refusal?.errors, name)
  const was = (name: string) => text(refusal?.input[name])
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
          <Field
            name="username"
            label="User name"
            value={was('username')}
            error={at('username')}
            required
            autocomplete="username"
          />
          <Field
            name="email"
            label="E-mail"
            type="email"
            value={was('email')}
            error={at('email')}
            required
            autocomplete="email"
          />
          <Field
            name="first_name"
            label="First name"
            value={was('first_name')}
            error={at('first_name')}
            autocomplete="given-name"
          />
          <Field
            name="last_name"
            label="Last name"
            value={was('last_name')}
            error={at('last_name')}
            autocomplete="family-name"
          />
          <Field
            name="password"
            label="Password"
            type="password"
            error={at('password')}
            required
            autocomplete="new-password"
          />
          <Actions>
            <Button kind="primary">Register</Button>
          </Actions>
        </Form>
      </>
    ),
  }
}
