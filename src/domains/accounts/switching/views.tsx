import { meFrame } from '#src/domains/accounts/me-frame.tsx'
import type { Place, Places } from '#src/domains/accounts/switching/model.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Badge } from '#src/ui/feedback.tsx'
import { ErrorSummary, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

type Props = {
  frame: Frame
  places: Places
  /** Where the person is. */
  here: string
  /** They entered where they are from the platform. */
  away: boolean
  refusal?: Refusal | undefined
}

export function placesScreen({ frame, places, here, away, refusal }: Props): Screen {
  const { organizations, managedBy } = places
  return meFrame({
    frame,
    title: 'Organizations',
    subtitle: 'One account for all your organizations: switch without signing in again.',
    here: paths.switchOrganization,
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} />
        <Panel title="Where you are a member">
          {away ? <p>You opened {frame.organization} from the platform: leave it to switch.</p> : null}
          <ul class="plain-list">
            {organizations.map((place) => (
              <Line place={place} current={place.id === here} away={away} frame={frame} />
            ))}
          </ul>
        </Panel>
        {managedBy ? <Managed by={managedBy} frame={frame} /> : null}
      </>
    ),
  })
}

function Line({
  place,
  current,
  away,
  frame,
}: {
  place: Place
  current: boolean
  away: boolean
  frame: Frame
}) {
  return (
    <li class="plain-row">
      <span>
        <strong>{place.name}</strong> {current ? <Badge tone="good">You are here</Badge> : null}
        <span class="nothing">as {place.username}</span>
      </span>
      {current || away ? null : (
        <Form action={frame.path(paths.switchOrganization)} csrfToken={frame.csrfToken} guard={false} leaves>
          <input type="hidden" name="organization" value={place.id} />
          <Button icon="arrow-right-left">Switch</Button>
        </Form>
      )}
    </li>
  )
}

/** While an organization manages the account, and how that ends. */
function Managed({ by, frame }: { by: string; frame: Frame }) {
  return (
    <Panel title="Your account">
      <p>
        {by} created your account, and its administrators can change your user name and e-mail address. That
        ends when you join a different organization, or when you detach your account.
      </p>
      <ConfirmButton
        id="detach"
        action={frame.path(paths.detachAccount)}
        csrfToken={frame.csrfToken}
        label="Detach my account"
        kind="plain"
        title={`Detach your account from ${by}?`}
        text="You stay a member. From then on only you can change how you sign in, and no one can unlock it for you. This can’t be undone."
        confirm="Detach account"
      />
    </Panel>
  )
}
