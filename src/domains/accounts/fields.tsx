import type { Account } from '#src/domains/accounts/security/actions.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'

type Confirm = {
  account: Account
  next: string
  /** A role asks for the code: nothing else will do. */
  codeOnly: boolean
  refusal?: Refusal | undefined
}

/** Who one is, once more: by the password, or by a code where there is a second factor. */
export function confirmScreen(frame: Frame, { account, next, codeOnly, refusal }: Confirm): Screen {
  const lead = codeOnly
    ? 'One of your roles requires two-step verification.'
    : 'You won’t be asked again for 10 minutes.'
  const factor = account.factorSince !== null
  return {
    plain: true,
    title: 'Confirm your password',
    lead,
    footer: codeOnly ? null : <a href={frame.path(paths.home)}>Home</a>,
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Form action={frame.path(paths.confirm)} csrfToken={frame.csrfToken} leaves>
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
