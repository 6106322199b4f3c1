import { Hidden, writing } from '#src/ui/form.tsx'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'

/** What the rows are called: 'person', 'people'. */
export interface Noun {
  one: string
  many: string
}

export interface BulkAction {
  /** Sent as `action`. */
  action: string
  label: string
  icon: IconName
  danger?: boolean
  /** Asks before it is done; says what it brings about. */
  confirm?: string
  /** Chosen beside the button. All of them are sent with any action, so their names differ. */
  arguments?: readonly { name: string; label: string; options: readonly { value: string; label: string }[] }[]
}

export interface BulkBarProps {
  action: string
  csrfToken: string
  noun: Noun
  /** Rows on this page. */
  shown: number
  /** null: not counted. */
  total: number | null
  /** The count stopped at `total`: there are more. */
  capped?: boolean
  /** More than this are not changed at once. */
  most?: number
  /** Sent as `matching` in place of single rows: the list's query, without the page. */
  matching: string
  /** What the list is limited to, in words, for the question. */
  filter?: string
  actions: readonly BulkAction[]
}

const number = new Intl.NumberFormat('en')

/** What is done with the selected rows (js/select.js). Stands after the table and its pager. */
export function BulkBar(props: BulkBarProps) {
  const { action, csrfToken, noun, filter, actions } = props
  return (
    <form
      id="bulk"
      class="bulk"
      method="post"
      action={action}
      aria-label={`Selected ${noun.many}`}
      data-noun={noun.one}
      data-nouns={noun.many}
      {...writing}
    >
      <Hidden csrfToken={csrfToken} />
      {/* the first button is what Enter in a row's box presses: it asks for no action, and is refused */}
      <button type="submit" name="action" value="" hidden />
      <p class="bulk-count" role="status">
        <span class="without-script">With the ticked {noun.many}:</span>
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
      <Question filter={filter} />
    </form>
  )
}

/** All that match instead of those on the page; too many are not offered. */
function Everything({ shown, total, capped, most = 1000, matching }: BulkBarProps) {
  if (total === null || total <= shown) return null
  if (capped || total > most) {
    return (
      <p class="bulk-all nothing">
        {capped ? `More than ${number.format(total)}` : number.format(total)} match; {number.format(most)} can
        be changed at once.
      </p>
    )
  }
  return (
    <label class="bulk-all">
      <input type="checkbox" name="matching" value={matching} data-total={total} />
      All {number.format(total)} matching
    </label>
  )
}

function BulkButton({ action, label, icon, danger, confirm, arguments: given = [] }: BulkAction) {
  return (
    <span class="bulk-action">
      {given.map(({ name, label, options }) => (
        <select class="select" name={name} aria-label={label}>
          {options.map((option) => (
            <option value={option.value}>{option.label}</option>
          ))}
        </select>
      ))}
      <button
        type="submit"
        class={`button ${danger ? 'danger' : 'plain'}`}
        name="action"
        value={action}
        data-confirm={confirm}
      >
        <Icon name={icon} />
        {label}
      </button>
    </span>
  )
}

/** Filled by js/select.js with what is asked, of how many. */
function Question({ filter }: { filter?: string }) {
  return (
    <dialog class="dialog" {...{ closedby: 'any' }} aria-labelledby="bulk-question">
      <h2 id="bulk-question">Do this to all that are selected?</h2>
      <p data-consequence />
      {filter ? <p data-filter>The list is limited to: {filter}</p> : null}
      <div class="form-actions">
        <button type="submit" class="button" name="action" data-confirmed />
        <button type="button" class="button plain" data-close>
          Cancel
        </button>
      </div>
    </dialog>
  )
}
