import type { Account } from '#src/domains/accounts/account.ts'
import { CodeField, Kept, SignOut } from '#src/domains/accounts/fields.tsx'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'

type Asked = {
  account: Account
  next: string
  /** A role asks for the code: nothing else will do. */
  codeOnly: boolean
  refusal?: Refusal | undefined
}

/** Who one is, once more: by the password, or by a code where there is a second factor. */
export function reauthenticationScreen(frame: Frame, { account, next, codeOnly, refusal }: Asked): Screen {
  const subtitle = codeOnly
    ? 'One of your roles requires two-step verification.'
    : 'You won’t be asked again for 10 minutes.'
  const factor = account.factorSince !== null
  return {
    plain: true,
    title: 'Confirm your password',
    subtitle,
    footer: codeOnly ? null : <a href={frame.path(paths.home)}>Home</a>,
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.reauthenticate)} csrfToken={frame.csrfToken} leaves>
          <input type="hidden" name="next" value={next} />
          <Kept form={refusal?.input.kept} />
          <input type="hidden" name="username" autocomplete="username" value={account.username} />
          {account.password && !codeOnly ? (
            <Field
              name="password"
              label="Password"
              type="password"
              error={errorAt(refusal?.errors, 'password')}
              required
              autocomplete="current-password"
              autofocus={!refusal}
            />
          ) : null}
          {factor ? <CodeField refusal={refusal} alone={codeOnly || !account.password} /> : null}
          <Actions>
            <Button kind="primary">Continue</Button>
          </Actions>
        </Form>
        {codeOnly ? <SignOut frame={frame} /> : null}
      </>
    ),
  }
}
