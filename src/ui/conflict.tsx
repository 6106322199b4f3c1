import type { Clock } from '#src/locale/clock.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Actions, Form } from '#src/ui/form.tsx'
import type { Child } from '#src/ui/html.ts'
import { Time } from '#src/ui/time.tsx'

interface ConflictField {
  name: string
  label: string
  mine: string
  theirs: string
  /** How the values are shown, where that differs from what is sent. */
  shownMine?: Child
  shownTheirs?: Child
}

export interface ConflictProps {
  action: string
  method?: 'post' | 'put' | 'patch'
  csrfToken: string
  version: number | string
  fields: readonly ConflictField[]
  /** The change that came first: by whom, where the reader sees them, and when. */
  changed?: { name: string | null; mine: boolean; at: string } | null
  clock: Clock
  cancel: string
}

/** For a 412: both versions side by side, one choice per field that differs. */
export function Conflict({
  action,
  method = 'patch',
  csrfToken,
  version,
  fields,
  changed,
  clock,
  cancel,
}: ConflictProps) {
  const differing = fields.filter(({ mine, theirs }) => mine !== theirs)
  const same = fields.filter(({ mine, theirs }) => mine === theirs)
  return (
    <Form action={action} method={method} csrfToken={csrfToken} version={version} guard={false}>
      <div class="error-summary warn" role="alert" tabindex={-1} autofocus>
        <p class="error-summary-title">
          {changed?.mine ? 'You' : (changed?.name ?? 'Someone')} changed this{' '}
          {changed ? <Time at={changed.at} clock={clock} /> : 'while you were editing'}
        </p>
        <p>Choose which version of each field to keep.</p>
      </div>
      {same.map(({ name, mine }) => (
        <input type="hidden" name={name} value={mine} />
      ))}
      {differing.map((field) => (
        <Choice {...field} mineToo={changed?.mine} />
      ))}
      <Actions>
        <Button kind="primary">Save</Button>
        <ButtonLink href={cancel}>Discard my changes</ButtonLink>
      </Actions>
    </Form>
  )
}

function Choice({
  name,
  label,
  mine,
  theirs,
  shownMine,
  shownTheirs,
  mineToo,
}: ConflictField & { mineToo?: boolean }) {
  const sides = [
    { side: 'mine', title: 'Your version', value: mine, shown: shownMine ?? mine },
    {
      side: 'theirs',
      title: mineToo ? 'Saved version' : 'Their version',
      value: theirs,
      shown: shownTheirs ?? theirs,
    },
  ]
  return (
    <fieldset class="fieldset versions">
      <legend>{label}</legend>
      {sides.map(({ side, title, value, shown }) => (
        <label class="version">
          <input type="radio" name={name} value={value} checked={side === 'mine'} />
          <span class="version-title">{title}</span>
          <span class="version-value">{shown || <span class="nothing">empty</span>}</span>
        </label>
      ))}
    </fieldset>
  )
}
