import type { Identity } from '#src/access/actor.ts'
import { meFrame } from '#src/domains/accounts/me-frame.tsx'
import { ProfileFields } from '#src/domains/people/users/form-views.tsx'
import type { UserRecord } from '#src/domains/people/users/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Permission } from '#src/resource/permission-views.tsx'
import { Button } from '#src/ui/button.tsx'
import { Facts } from '#src/ui/feedback.tsx'
import { Actions, ErrorSummary, Form, fieldsOf, refusalErrors, versionFor } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Columns, Panel } from '#src/ui/surface.tsx'

export type Own = {
  user: UserRecord | null
  mayChange: boolean
  permissions: string[]
}

export function meScreen(frame: Frame, identity: Identity, own: Own, refusal?: Refusal): Screen {
  const { user, permissions } = own
  return meFrame({
    frame,
    here: paths.me,
    title: identity.name,
    subtitle: `${identity.username} in ${identity.organization.name}`,
    children: (
      <Columns>
        {user && own.mayChange ? <Profile frame={frame} user={user} refusal={refusal} /> : null}
        {user ? <Belonging user={user} /> : null}
        <Panel title="My permissions">
          {permissions.length ? (
            <ul class="plain-list">
              {permissions.map((code) => (
                <li>
                  <Permission code={code} />
                </li>
              ))}
            </ul>
          ) : (
            <p class="nothing">No permissions yet.</p>
          )}
        </Panel>
      </Columns>
    ),
  })
}

function Profile({ frame, user, refusal }: { frame: Frame; user: UserRecord; refusal?: Refusal }) {
  return (
    <Panel title="Profile">
      <ErrorSummary errors={refusalErrors(refusal)} />
      <Form
        action={frame.path(paths.me)}
        method="patch"
        csrfToken={frame.csrfToken}
        version={versionFor(refusal, user)}
      >
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
