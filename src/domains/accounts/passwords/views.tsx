import { backToLogin } from '#src/domains/accounts/fields.tsx'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'

export function forgotScreen(frame: Frame, refusal?: Refusal): Screen {
  return {
    plain: true,
    title: 'Forgot your password?',
    subtitle: 'We’ll e-mail you a reset link.',
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
