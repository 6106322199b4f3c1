import type { Noun } from '#src/locale/noun.ts'
import { Hidden, writing } from '#src/ui/form.tsx'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'

export interface BulkAction {
  action: string
  label: string
  icon: IconName
  danger?: boolean
}

export interface BulkBarProps {
  /** Where it is asked about before it is done. */
  action: string
  csrfToken: string
  noun: Noun
  shown: number
  total: number | null
  capped?: boolean
  most?: number
  /** Sent as `matching` in place of single rows: the list's search and filters; `all` is sent where it has none. */
  matching: string
  back: string
  actions: readonly BulkAction[]
  every?: boolean
}

const number = new Intl.NumberFormat('en')

/** What is done with the selected rows (js/select.js). Stands after the table and its pager. */
export function BulkBar(props: BulkBarProps) {
  const { action, csrfToken, noun, back, actions } = props
  return (
    <form
      id="bulk"
      class="bulk"
      method="post"
      action={action}
      aria-label={`Selected ${noun.many}`}
      {...writing}
    >
      <Hidden csrfToken={csrfToken} />
      {back ? <input type="hidden" name="back" value={back} /> : null}
      <NoAction />
      <p class="bulk-count" role="status">
        <span class="without-script">With selected {noun.many}:</span>
      </p>
      <button type="button" class="button quiet small needs-script" data-pick-none>
        <Icon name="x" />
        Clear
      </button>
      <Everything {...props} />
      <div class="bulk-actions">
        {actions.map((one) => (
          <BulkButton {...one} />
        ))}
      </div>
    </form>
  )
}

/** The first button of a form is what Enter in a row's box presses: it names no action, and is asked for one. */
const NoAction = () => <button type="submit" form="bulk" name="action" value="" hidden />

/** What is to be done with the rows that are ticked: asked above the list where it wasn't said. */
export function BulkChoice({ message, actions }: { message: string; actions: readonly BulkAction[] }) {
  return (
    <div class="error-summary" role="alert" tabindex={-1} autofocus>
      <p class="error-summary-title">{message}</p>
      {actions.length ? (
        <div class="form-actions">
          <NoAction />
          {actions.map((one) => (
            <BulkButton {...one} />
          ))}
        </div>
      ) : null}
    </div>
  )
}

/** All that match instead of those on the page; too many are not offered. */
function Everything({ noun, shown, total, capped, most = 1000, matching, every }: BulkBarProps) {
  if (total === null || total <= shown) return null
  if (capped || total > most) {
    return (
      <p class="bulk-all nothing">
        {capped ? `More than ${number.format(total)}` : number.format(total)} match. You can change up to{' '}
        {number.format(most)} at a time; narrow the list.
      </p>
    )
  }
  return (
    <label class="bulk-all">
      <input
        type="checkbox"
        name={matching ? 'matching' : 'all'}
        value={matching || 'true'}
        data-total={total}
        checked={every}
      />
      All {number.format(total)} {matching ? 'matching' : noun.many}
    </label>
  )
}

function BulkButton({ action, label, icon, danger }: BulkAction) {
  return (
    <button
      type="submit"
      form="bulk"
      class={`button ${danger ? 'danger' : 'plain'}`}
      name="action"
      value={action}
    >
      <Icon name={icon} />
      {label}
    </button>
  )
}
