import { counted, type Noun } from '#src/ui/bulk.tsx'
import { ButtonLink } from '#src/ui/button.tsx'
import { Select } from '#src/ui/field.tsx'
import { Actions, ErrorSummary, Form } from '#src/ui/form.tsx'
import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'
import { Panel } from '#src/ui/surface.tsx'

export interface BulkConfirmProps {
  action: string
  csrfToken: string
  noun: Noun
  count: number
  /** The first of them, by name. */
  names: readonly string[]
  /** How they were chosen: what the list is limited to, in words. */
  filter?: Child
  /** What it brings about. */
  consequence?: string | null
  /** What has to be chosen first; nothing is preset. */
  asks?: {
    name: string
    label: string
    value?: string
    error?: string
    options: readonly { value: string; label: string }[]
  }
  /** Sent along. */
  fields: readonly (readonly [name: string, value: string])[]
  /** Verb and number: "Disable 3 people". */
  button: string
  icon: IconName
  danger?: boolean
  /** The list, as it was. */
  back: string
  /** What stood in the way when it was sent before. */
  refused?: string
}

/** What is about to be done, to how many and to whom, before it is done. */
export function BulkConfirm(props: BulkConfirmProps) {
  const { action, csrfToken, filter, consequence, asks, fields, button, icon, danger, back, refused } = props
  return (
    <Panel>
      <ErrorSummary errors={refused ? [{ path: '', message: refused }] : []} title="Not done" />
      <Form action={action} csrfToken={csrfToken} guard={false}>
        {fields.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Names {...props} />
        {filter ? <p>{filter}</p> : null}
        {consequence ? <p>{consequence}</p> : null}
        {asks ? <Select {...asks} required none={`Choose a ${asks.label.toLowerCase()}…`} /> : null}
        <Actions>
          <button type="submit" class={`button ${danger ? 'danger solid' : 'primary'}`}>
            <Icon name={icon} />
            {button}
          </button>
          <ButtonLink href={back}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}

const number = new Intl.NumberFormat('en')

function Names({ names, count, noun }: BulkConfirmProps) {
  const others = count - names.length
  if (!names.length) return <p>{counted(count, noun)}</p>
  return (
    <ul aria-label={counted(count, noun)} class="bulk-names">
      {names.map((name) => (
        <li>{name}</li>
      ))}
      {others > 0 ? <li>and {number.format(others)} more</li> : null}
    </ul>
  )
}
