import type { Identity } from '#src/access/actor.ts'
import type { Counts } from '#src/domains/home/queries.ts'
import type { SessionRecord } from '#src/domains/sessions/model.ts'
import { device, EndButton } from '#src/domains/sessions/views.tsx'
import { ProfileFields } from '#src/domains/users/forms.tsx'
import type { UserRecord } from '#src/domains/users/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Badge, Facts } from '#src/ui/feedback.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Columns, Panel, Tile, Tiles } from '#src/ui/surface.tsx'
import { Time } from '#src/ui/time.tsx'

const number = new Intl.NumberFormat('en')

export function homeScreen(frame: Frame, { name, organization }: Identity, counts: Counts): Screen {
  const tiles = [
    { label: 'People', value: counts.people, href: paths.users, icon: 'users' },
    {
      label: 'Disabled people',
      value: counts.disabled,
      href: `${paths.users}?status=disabled`,
      icon: 'user',
    },
    { label: 'Open sessions', value: counts.sessions, href: paths.sessions, icon: 'monitor-smartphone' },
  ] as const
  const shown = tiles.filter((tile) => tile.value !== null)
  return {
    title: `Hello, ${name}`,
    lead: organization.name,
    children: shown.length ? (
      <Tiles>
        {shown.map(({ label, value, href, icon }) => (
          <Tile label={label} value={number.format(value ?? 0)} href={frame.path(href)} icon={icon} />
        ))}
      </Tiles>
    ) : (
      <Panel>
        <p>Nothing has been shared with you yet. Whoever administers roles can change that.</p>
      </Panel>
    ),
  }
}

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
            {mayEnd ? (
              <EndButton session={session} frame={frame} action={frame.path(paths.mySession(session.id))} />
            ) : null}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
