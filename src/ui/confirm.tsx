import { Button, type ButtonKind } from '#src/ui/button.tsx'
import { Hidden, writing } from '#src/ui/form.tsx'
import type { IconName } from '#src/ui/icons.ts'
import { answered, questionFields } from '#src/ui/question.ts'

export interface ConfirmButtonProps {
  id: string
  action: string
  method?: 'post' | 'put' | 'patch' | 'delete'
  csrfToken: string
  version?: number | string
  fields?: Record<string, string>
  label: string
  icon?: IconName
  kind?: ButtonKind
  title: string
  text?: string
  /** The button that does it: verb and object, not "OK". */
  confirm: string
  /** Ends the session: a plain page load. */
  leaves?: boolean
}

/** A plain form post, with a question in between: in a dialog (js/confirm.js), else on a page of its own. */
export function ConfirmButton(props: ConfirmButtonProps) {
  const { id, action, label, icon, kind = 'danger', title, text = '', confirm, fields = {}, leaves } = props
  const danger = kind === 'danger'
  const question = questionFields({ title, text, button: confirm, danger: danger ? 'true' : '' })
  return (
    <form
      method="post"
      action={action}
      class="confirm"
      data-confirm
      {...(leaves ? { 'hx-boost': 'false' } : writing)}
    >
      <Hidden csrfToken={props.csrfToken} method={props.method} version={props.version} />
      {[...Object.entries(fields), ...question].map(([name, value]) => (
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
            class={`button ${danger ? 'danger solid' : 'primary'}`}
            {...answered}
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
