import type { Account } from '#src/domains/accounts/account.ts'
import { meFrame } from '#src/domains/accounts/me-frame.tsx'
import { SecondFactorPanel } from '#src/domains/accounts/second-factor/views.tsx'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Badge } from '#src/ui/feedback.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { NewPassword } from '#src/ui/password.tsx'
import { Columns, Panel } from '#src/ui/surface.tsx'

/** Of which form on the page something was refused. */
export type Refused = { of: 'password' | 'email'; refusal: Refusal }
type Props = { frame: Frame; account: Account; rules: string; refused?: Refused | undefined }

export function securityScreen({ frame, account, rules, refused }: Props): Screen {
  const refusal = (of: Refused['of']) => (refused?.of === of ? refused.refusal : undefined)
  return meFrame({
    frame,
    title: 'Security',
    subtitle: 'How you sign in, and where we send mail about it.',
    here: paths.security,
    children: (
      <Columns>
        {account.password ? (
          <PasswordPanel frame={frame} account={account} rules={rules} refusal={refusal('password')} />
        ) : null}
        <SecondFactorPanel frame={frame} account={account} />
        <EmailPanel frame={frame} account={account} />
        {account.password ? <NewEmailPanel frame={frame} refusal={refusal('email')} /> : null}
      </Columns>
    ),
  })
}

type PanelProps = { frame: Frame; account: Account; refusal: Refusal | undefined }

function PasswordPanel({ frame, account, rules, refusal }: PanelProps & { rules: string }) {
  return (
    <Panel title="Password">
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.myPassword)} csrfToken={frame.csrfToken} leaves>
        <input type="hidden" name="username" autocomplete="username" value={account.username} />
        <CurrentPassword name="old_password" label="Current password" refusal={refusal} />
        <NewPassword
          name="new_password"
          label="New password"
          rules={rules}
          error={errorAt(refusal?.errors, 'new_password')}
        />
        <Actions>
          <Button kind="primary">Change password</Button>
        </Actions>
      </Form>
    </Panel>
  )
}

function EmailPanel({ frame, account }: Pick<PanelProps, 'frame' | 'account'>) {
  return (
    <Panel title="E-mail">
      <p>
        {account.email}{' '}
        {account.verified ? <Badge tone="good">Confirmed</Badge> : <Badge tone="warn">Not confirmed</Badge>}
      </p>
      {account.verified ? null : (
        <Form action={frame.path(paths.myVerification)} csrfToken={frame.csrfToken} guard={false}>
          <Actions>
            <Button>Send confirmation link</Button>
          </Actions>
        </Form>
      )}
    </Panel>
  )
}

function NewEmailPanel({ frame, refusal }: Pick<PanelProps, 'frame' | 'refusal'>) {
  return (
    <Panel title="New e-mail address">
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.myEmail)} csrfToken={frame.csrfToken}>
        <Field
          {...fieldsOf(refusal)('email')}
          label="New address"
          hint="It takes effect once you use the link we send there. We’ll notify your old address."
          type="email"
          required
          autocomplete="email"
        />
        <CurrentPassword name="password" label="Password" refusal={refusal} />
        <Actions>
          <Button kind="primary">Change address</Button>
        </Actions>
      </Form>
    </Panel>
  )
}

function CurrentPassword({
  name,
  label,
  refusal,
}: {
  name: string
  label: string
  refusal: Refusal | undefined
}) {
  return (
    <Field
      name={name}
      label={label}
      type="password"
      error={errorAt(refusal?.errors, name)}
      required
      autocomplete="current-password"
    />
  )
}
