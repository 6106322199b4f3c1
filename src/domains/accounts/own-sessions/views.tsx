import { device, isMobile } from '#src/domains/accounts/device.ts'
import { meFrame } from '#src/domains/accounts/me-frame.tsx'
import type { SessionRecord } from '#src/domains/accounts/sessions/model.ts'
import { kinds } from '#src/domains/accounts/sessions/views.tsx'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Icon } from '#src/ui/icon.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

const currentFirst = (a: SessionRecord, b: SessionRecord) => Number(b.current) - Number(a.current)

type Props = { frame: Frame; sessions: readonly SessionRecord[]; mayEnd: boolean }

export function ownSessionsScreen({ frame, sessions, mayEnd }: Props): Screen {
  const { elsewhere } = frame.person ?? {}
  return meFrame({
    frame,
    title: 'Sessions',
    subtitle: 'Where you’re signed in. Sign out any you don’t recognise, then change your password.',
    here: paths.mySessions,
    children: (
      <Panel
        title={frame.organization}
        actions={mayEnd ? <EndMany frame={frame} sessions={sessions} /> : null}
      >
        <ul class="plain-list">
          {sessions.toSorted(currentFirst).map((session) => (
            <Line session={session} frame={frame} mayEnd={mayEnd} />
          ))}
        </ul>
        {elsewhere ? (
          <p class="nothing">
            Sessions in your other organizations are listed there. Changing your password signs them all out.
          </p>
        ) : null}
      </Panel>
    ),
  })
}

function Line({ session, frame, mayEnd }: { session: SessionRecord; frame: Frame; mayEnd: boolean }) {
  const { kind, user_agent, current, ip } = session
  const icon = kind === 'token' ? 'terminal' : isMobile(user_agent) ? 'smartphone' : 'monitor'
  return (
    <li class="plain-row">
      <span class="with-icon">
        <Icon name={icon} />
        <span>
          <strong>{device(user_agent)}</strong> {current ? <Badge tone="good">This device</Badge> : null}
          <span class="nothing">
            {kinds[kind]}, {ip ?? 'IP address unknown'}, last seen{' '}
            <Time at={session.last_seen_at} clock={frame.clock} />
          </span>
          <span class="nothing">
            signed in <Time at={session.created_at} clock={frame.clock} />, expires{' '}
            <Time at={session.expires_at} clock={frame.clock} />
          </span>
        </span>
      </span>
      {mayEnd ? <EndOne session={session} frame={frame} /> : null}
    </li>
  )
}

function EndOne({ session, frame }: { session: SessionRecord; frame: Frame }) {
  const { id, current, user_agent } = session
  return (
    <ConfirmButton
      id={`end-${id}`}
      action={frame.path(paths.mySession(id))}
      method="delete"
      csrfToken={frame.csrfToken}
      label="Sign out"
      icon="log-out"
      title={current ? 'Sign out here?' : `Sign out ${device(user_agent)}?`}
      text="Anyone using it has to sign in again."
      confirm={current ? 'Sign out here' : 'Sign out device'}
      leaves={current}
    />
  )
}

function EndMany({ frame, sessions }: { frame: Frame; sessions: readonly SessionRecord[] }) {
  const others = sessions.filter(({ current }) => !current).length
  const common = {
    action: frame.path(paths.mySessions),
    method: 'delete',
    csrfToken: frame.csrfToken,
    text: 'Anyone using them has to sign in again.',
  } as const
  return (
    <span class="button-row">
      {others ? (
        <ConfirmButton
          {...common}
          id="end-others"
          fields={{ which: 'others' }}
          label="Sign out other sessions"
          kind="plain"
          title={others === 1 ? 'Sign out the other session?' : `Sign out ${others} other sessions?`}
          confirm="Sign out other sessions"
        />
      ) : null}
      <ConfirmButton
        {...common}
        id="end-all"
        fields={{ which: 'all' }}
        label="Sign out everywhere"
        title="Sign out everywhere, here too?"
        confirm="Sign out everywhere"
        leaves
      />
    </span>
  )
}
