import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Actions, ErrorSummary, errorAt, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { NewPassword } from '#src/ui/password.tsx'
import { Panel } from '#src/ui/surface.tsx'

type Props = { userId: string; rules: string; frame: Frame; refusal?: Refusal | undefined }

/** Instead of waiting for the invitation to be accepted. */
export function FirstPasswordPanel({ userId, rules, frame, refusal }: Props) {
  return (
    <Panel title="First password">
      <p>Invitation sent; they’ll choose a password.</p>
      <details class="give" open={refusal !== undefined}>
        <summary>Set one now</summary>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.firstPassword(userId))} csrfToken={frame.csrfToken}>
          <NewPassword
            name="password"
            label="Password"
            rules={rules}
            error={errorAt(refusal?.errors, 'password')}
          />
          <Actions>
            <Button kind="primary">Set password</Button>
          </Actions>
        </Form>
      </details>
    </Panel>
  )
}

/** The form again, with what is wrong. */
export const firstPasswordScreen = (props: Props): Screen => ({
  title: 'First password',
  children: <FirstPasswordPanel {...props} />,
})
