import type { Identity } from '#src/access/actor.ts'
import { device, type SessionRecord } from '#src/domains/sessions/model.ts'
import { ProfileFields } from '#src/domains/users/forms.tsx'
import type { UserRecord } from '#src/domains/users/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge, Facts } from '#src/ui/feedback.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Columns, Panel } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

export type Own = {
  user: UserRecord | null
  sessions: SessionRecord[]
  mayChange: boolean
  mayEnd: boolean
  permissions: string[]
}

export function meScreen(frame: Frame, identity: Identity, own: Own, refusal?: Refusal): Screen {
  const { user, sessions, permissions } = own
  return {
    title: identity.name,
    lead: `${identity.username} in ${identity.organization.name}`,
    children: (
      <Columns>
        {user && own.mayChange ? <Profile frame={frame} user={user} refusal={refusal} /> : null}
        {user ? <Belonging user={user} /> : null}
        {sessions.length ? <Sessions frame={frame} sessions={sessions} mayEnd={own.mayEnd} /> : null}
        <Panel title="What I may do">
          {permissions.length ? (
            <ul class="plain-list">
              {permissions.map((code) => (
                <li>
                  <code>{code}</code>
                </li>
              ))}
            </ul>
          ) : (
            <p class="nothing">Nothing yet.</p>
          )}
        </Panel>
      </Columns>
    ),
  }
}

function Profile({ frame, user, refusal }: { frame: Frame; user: UserRecord; refusal?: Refusal }) {
  return (
    <Panel title="Profile">
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form action={frame.path(paths.me)} method="patch" csrfToken={frame.csrfToken} version={user.version}>
        <ProfileFields field={fieldsOf(refusal, user)} />
        <Actions>
          <Button kind="primary">Save</Button>
        </Actions>
      </Form>
    </Panel>
  )
}

function Belonging({ user }: { user: UserRecord }) {
  return (
    <Panel title="Account">
      <Facts
        items={[
          { label: 'User name', value: user.username },
          { label: 'E-mail', value: user.email },
          { label: 'Roles', value: user.roles.map((role) => role.name).join(', ') || null },
          {
            label: 'Groups',
            value: user.groups.map((group) => `${group.name} (${group.role})`).join(', ') || null,
          },
        ]}
      />
    </Panel>
  )
}

function Sessions({ frame, sessions, mayEnd }: { frame: Frame; sessions: SessionRecord[]; mayEnd: boolean }) {
  return (
    <Panel title="Where I am signed in">
      <ul class="plain-list">
        {sessions.map((session) => (
          <li class="plain-row">
            <span>
              {device(session.user_agent)} {session.current ? <Badge tone="good">This one</Badge> : null}
              <span class="nothing">
                {' '}
                {session.ip}, last seen <Time at={session.last_seen_at} />
              </span>
            </span>
            {mayEnd ? <EndButton session={session} frame={frame} /> : null}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function EndButton({ session, frame }: { session: SessionRecord; frame: Frame }) {
  return (
    <ConfirmButton
      id={`end-${session.id}`}
      action={frame.path(paths.mySession(session.id))}
      method="delete"
      csrfToken={frame.csrfToken}
      label="End"
      icon="log-out"
      title={session.current ? 'Sign out here?' : `End the session on ${device(session.user_agent)}?`}
      confirm="End session"
      leaves={session.current}
    />
  )
}
