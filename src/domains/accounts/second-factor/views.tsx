import type { Account } from '#src/domains/accounts/account.ts'
import { SignOut } from '#src/domains/accounts/fields.tsx'
import type { Begun } from '#src/domains/accounts/second-factor/actions.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, CopyButton } from '#src/ui/feedback.tsx'
import { Field } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, errorAt, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Qr } from '#src/ui/qr.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

type SetUp = {
  begun: Begun
  next: string
  /** A role asks for it: there is nothing else to do before. */
  due: boolean
  refusal?: Refusal | undefined
}

export function setUpScreen(
  frame: Frame,
  { begun: { secret, uri, setup }, next, due, refusal }: SetUp,
): Screen {
  return {
    plain: true,
    title: 'Set up two-step verification',
    subtitle: due
      ? 'One of your roles requires it, so this comes first: a code from an app, in addition to your password.'
      : 'A code from an app, in addition to your password.',
    footer: due ? null : <a href={frame.path(paths.security)}>Not now</a>,
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <ol class="set-up">
          <li>
            Scan this with an authenticator app
            <Qr text={uri} label="QR code of the key below" />
            or{' '}
            <a href={uri} hx-boost="false">
              open it on this device
            </a>
            , or type its key:
            <span class="set-up-key">
              <code>{secret}</code> <CopyButton text={secret.replaceAll(' ', '')} label="Copy key" />
            </span>
          </li>
          <li>
            Enter what the app shows
            <Form action={frame.path(paths.secondFactor)} csrfToken={frame.csrfToken} leaves>
              <input type="hidden" name="setup" value={setup} />
              <input type="hidden" name="next" value={next} />
              <Field
                name="code"
                label="Code"
                error={errorAt(refusal?.errors, 'code')}
                inputmode="numeric"
                required
                autocomplete="one-time-code"
              />
              <Actions>
                <Button kind="primary">Turn on</Button>
              </Actions>
            </Form>
          </li>
        </ol>
        {due ? <SignOut frame={frame} /> : null}
      </>
    ),
  }
}

type Codes = { codes: readonly string[]; next: string; appName: string; username: string }

/** Recovery codes, this once: to copy, to download, or to write down. */
export function codesScreen(frame: Frame, { codes, next, appName, username }: Codes): Screen {
  const file = [`Recovery codes of ${username} for ${appName}`, 'Each works once.', '', ...codes, ''].join(
    '\r\n',
  )
  return {
    plain: true,
    title: 'Save your recovery codes',
    subtitle: 'Each lets you in once when you don’t have your app. You won’t see them again.',
    children: (
      <>
        <ul class="recovery-codes">
          {codes.map((code) => (
            <li>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <div class="form-actions">
          <button type="button" class="button plain needs-script" data-copy={codes.join('\n')}>
            Copy
          </button>
          <a
            class="button plain"
            download={`${appName} recovery codes.txt`}
            href={`data:text/plain;charset=utf-8,${encodeURIComponent(file)}`}
            hx-boost="false"
          >
            Download
          </a>
          <ButtonLink kind="primary" href={frame.path(next)} leaves>
            I’ve saved them
          </ButtonLink>
        </div>
      </>
    ),
  }
}

type PanelProps = { frame: Frame; account: Account }

/** On the page about security: whether there is one, and what can be done with it. */
export function SecondFactorPanel({ frame, account: { factorSince, codesLeft } }: PanelProps) {
  if (!factorSince)
    return (
      <Panel title="Two-step verification">
        <p>A code from an app, in addition to your password.</p>
        <Actions>
          <ButtonLink href={frame.path(paths.secondFactor)} icon="shield-check" leaves>
            Set up
          </ButtonLink>
        </Actions>
      </Panel>
    )
  return (
    <Panel title="Two-step verification">
      <p>
        <Badge tone="good">On</Badge> since <Time at={factorSince} clock={frame.clock} />
      </p>
      <p>
        {codesLeft === 1 ? '1 recovery code is' : `${codesLeft} recovery codes are`} left for when you don’t
        have your app.
      </p>
      <Actions>
        <Form action={frame.path(paths.myRecoveryCodes)} csrfToken={frame.csrfToken} leaves>
          <Button>New recovery codes</Button>
        </Form>
        <ConfirmButton
          id="turn-off"
          action={frame.path(paths.secondFactor)}
          method="delete"
          csrfToken={frame.csrfToken}
          label="Turn off"
          title="Turn off two-step verification?"
          text="This signs you out everywhere else. If one of your roles requires it, you set it up again right away."
          confirm="Turn off two-step verification"
          leaves
        />
      </Actions>
    </Panel>
  )
}
