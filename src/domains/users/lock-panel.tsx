import { paths } from '#src/paths.ts'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

type LockPanelProps = { userId: string; until: string | null; frame: Frame }

/** Where too many wrong passwords keep somebody out: until when, and the way to end it. */
export function LockPanel({ userId, until, frame }: LockPanelProps) {
  if (!until) return null
  return (
    <Panel title="Locked">
      <p>
        After too many wrong passwords, nobody can sign in with this name until{' '}
        <Time at={until} clock={frame.clock} />, except in browsers where the person signed in before.
      </p>
      <ConfirmButton
        id="unlock"
        action={frame.path(paths.unlockUser(userId))}
        csrfToken={frame.csrfToken}
        label="Unlock"
        icon="lock-open"
        kind="plain"
        title="Unlock this person?"
        text="Make sure that it was them who entered wrong passwords."
        confirm="Unlock"
      />
    </Panel>
  )
}

type FactorPanelProps = { userId: string; frame: Frame }

/** For somebody who lost the app and the recovery codes. */
export function FactorPanel({ userId, frame }: FactorPanelProps) {
  return (
    <Panel title="Second factor">
      <p>They sign in with a code, too.</p>
      <ConfirmButton
        id="reset-second-factor"
        action={frame.path(paths.resetSecondFactor(userId))}
        csrfToken={frame.csrfToken}
        label="Take it away"
        title="Take their second factor away?"
        text="Make sure that it is them who asks. They are signed out everywhere, and told by mail."
        confirm="Take it away"
      />
    </Panel>
  )
}
