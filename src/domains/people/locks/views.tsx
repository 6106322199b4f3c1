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
        Locked after too many failed sign-ins, until <Time at={until} clock={frame.clock} />. Browsers used
        before still work.
      </p>
      <ConfirmButton
        id="unlock"
        action={frame.path(paths.unlockUser(userId))}
        csrfToken={frame.csrfToken}
        label="Unlock"
        icon="lock-open"
        kind="plain"
        title="Unlock this person?"
        text="Make sure they entered the wrong passwords themselves."
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
      <p>They also sign in with a code.</p>
      <ConfirmButton
        id="reset-second-factor"
        action={frame.path(paths.resetSecondFactor(userId))}
        csrfToken={frame.csrfToken}
        label="Turn off"
        title="Turn off two-step verification?"
        text="Make sure they asked for this. It signs them out everywhere and notifies them by e-mail."
        confirm="Turn off two-step verification"
      />
    </Panel>
  )
}
