import { paths } from '#src/paths.ts'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

type LockPanelProps = { userId: string; minutes: number | null; frame: Frame }

/** Where too many wrong passwords keep somebody out: for how long, and the way to end it. */
export function LockPanel({ userId, minutes, frame }: LockPanelProps) {
  if (minutes === null) return null
  return (
    <Panel title="Locked">
      <p>
        Locked for {minutes} more {minutes === 1 ? 'minute' : 'minutes'} after too many failed sign-ins.
        Browsers used before still work.
      </p>
      <ConfirmButton
        id="unlock"
        action={frame.path(paths.unlockUser(userId))}
        csrfToken={frame.csrfToken}
        label="Unlock"
        icon="lock-open"
        kind="plain"
        title="Unlock this person?"
        text="First make sure the failed sign-ins were their own."
        confirm="Unlock person"
      />
    </Panel>
  )
}

type FactorPanelProps = { userId: string; frame: Frame }

/** For somebody who lost the app and the recovery codes. */
export function FactorPanel({ userId, frame }: FactorPanelProps) {
  return (
    <Panel title="Two-step verification">
      <p>They enter a code when they sign in, in addition to their password.</p>
      <ConfirmButton
        id="reset-second-factor"
        action={frame.path(paths.resetSecondFactor(userId))}
        csrfToken={frame.csrfToken}
        label="Turn off"
        title="Turn off two-step verification?"
        text="First make sure they asked for this. It signs them out everywhere and notifies them by e-mail."
        confirm="Turn off two-step verification"
      />
    </Panel>
  )
}
