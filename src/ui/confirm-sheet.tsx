import { counted, type Noun } from '#src/locale/noun.ts'
import { ButtonLink } from '#src/ui/button.tsx'
import { Actions, ErrorSummary, Form } from '#src/ui/form.tsx'
import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'
import { Panel } from '#src/ui/surface.tsx'

export interface ConfirmSheetProps {
  action: string
  method?: 'post' | 'delete'
  csrfToken: string
  version?: number
  fields?: readonly (readonly [name: string, value: string])[]
  /** What it brings about. */
  consequence?: string | null
  /** Verb and number: "Disable 3 people". */
  button: string
  icon?: IconName
  danger?: boolean
  back: string
  refused?: string
  children?: Child
}

/** What is about to be done, before it is done: a page of its own, so that no script is needed. */
export function ConfirmSheet(props: ConfirmSheetProps) {
  const { action, method, csrfToken, version, fields = [], consequence, refused, children } = props
  const { button, icon, danger, back } = props
  return (
    <Panel>
      <ErrorSummary errors={refused ? [{ path: '', message: refused }] : []} title="Not done" />
      <Form action={action} method={method} csrfToken={csrfToken} version={version} guard={false}>
        {fields.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        {children}
        {consequence ? <p>{consequence}</p> : null}
        <Actions>
          <button type="submit" class={`button ${danger ? 'danger solid' : 'primary'}`}>
            {icon ? <Icon name={icon} /> : null}
            {button}
          </button>
          <ButtonLink href={back}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </Panel>
  )
}

const number = new Intl.NumberFormat('en')

/** The first of many, and how many more there are. */
export function FirstNames({ names, count, noun }: { names: readonly string[]; count: number; noun: Noun }) {
  const others = count - names.length
  if (!names.length) return <p>{counted(count, noun)}</p>
  return (
    <ul aria-label={counted(count, noun)} class="first-names">
      {names.map((name) => (
        <li>{name}</li>
      ))}
      {others > 0 ? <li>and {number.format(others)} more</li> : null}
    </ul>
  )
}
