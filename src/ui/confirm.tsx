import { Button, type ButtonKind } from '#src/ui/button.tsx'
import { Hidden, writing } from '#src/ui/form.tsx'
import type { Child } from '#src/ui/html.ts'
import type { IconName } from '#src/ui/icons.ts'

export interface ConfirmButtonProps {
  /** Unique on the page. */
  id: string
  action: string
  method?: 'post' | 'put' | 'patch' | 'delete'
  csrfToken: string
  version?: number | string
  /** Sent along. */
  fields?: Record<string, string>
  label: string
  icon?: IconName
  kind?: ButtonKind
  /** The question: names what it is about. */
  title: string
  text?: Child
  /** The button that does it; says what it does, not "OK". */
  confirm: string
  /** Ends the session: a plain page load. */
  leaves?: boolean
}

/** A plain form post, with a question in between where there is JavaScript (js/confirm.js). */
export function ConfirmButton(props: ConfirmButtonProps) {
  const { id, action, label, icon, kind = 'danger', title, text, confirm, fields = {}, leaves } = props
  return (
    <form
      method="post"
      action={action}
      class="confirm"
      data-confirm
      {...(leaves ? { 'hx-boost': 'false' } : writing)}
    >
      <Hidden csrfToken={props.csrfToken} method={props.method} version={props.version} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <Button kind={kind} icon={icon}>
        {label}
      </Button>
      <dialog id={id} class="dialog" {...{ closedby: 'any' }} aria-labelledby={`${id}-title`}>
        <h2 id={`${id}-title`}>{title}</h2>
        {text ? <p>{text}</p> : null}
        <div class="form-actions">
          <button
            type="submit"
            class={`button ${kind === 'danger' ? 'danger solid' : 'primary'}`}
            data-confirmed
          >
            {confirm}
          </button>
          <button type="button" class="button plain" data-close>
            Cancel
          </button>
        </div>
      </dialog>
    </form>
  )
}
