import { type Child, escaped, html, type Markup, raw, text } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { ListUrl } from '#src/ui/list-url.ts'

export interface Column<Row> {
  key: string
  label: string
  /** The label is only for who can't see the table: a column of buttons or links. */
  unseen?: boolean
  /** 'descending': what the first click gives, for dates and amounts. */
  sortable?: boolean | 'descending'
  align?: 'start' | 'end'
  /** Makes the cell a link. */
  href?: (row: Row) => string | null
  cell: (row: Row) => Child
}

interface Selecting<Row> {
  /** The form that acts on the rows, by id: see BulkBar. */
  form: string
  name: string
  label: (row: Row) => string
  ticked?: readonly string[]
  /** Why this row can't be taken just now. */
  blocked?: (row: Row) => string | null
}

export interface TableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  select?: Selecting<Row>
  listUrl: ListUrl
  sort?: string | null
  /** What stands in its place when there are no rows: EmptyState, NoMatch, NoAccess. */
  empty: Child
}

/** The first column is the head of its row. Cards instead of rows where it is narrow. */
export function Table<Row>(props: TableProps<Row>): Markup {
  const { label, columns, rows, select, empty } = props
  if (rows.length === 0) return html`${empty}`
  return html`<div class="table-frame${width(columns)}"><div class="table-scroll"><table class="table${select ? ' picking' : null}">
<caption class="unseen">${label}</caption>
<thead><tr>${select ? PickAll({ select, shown: rows.length }) : null}${columns.map((column) => Head({ column, ...props }))}</tr></thead>
<tbody>${Rows(props)}</tbody>
</table></div></div>`
}

const width = ({ length }: readonly unknown[]) => (length < 4 ? ' few' : length > 7 ? ' many' : null)

function PickAll<Row>({ select, shown }: { select: Selecting<Row>; shown: number }): Markup {
  return html`<th class="pick"><input type="checkbox" class="needs-script" data-pick-all="${select.form}" aria-label="Select all ${shown} on this page"></th>`
}

function Pick<Row>({ form, name, label, ticked, blocked }: Selecting<Row>, row: Row, key: string): Markup {
  const reason = blocked?.(row)
  const checked = ticked?.includes(key) ? html` checked` : null
  const state = reason ? html` disabled title="${reason}"` : checked
  return html`<td class="pick"><input type="checkbox" id="pick-${key}" form="${form}" name="${name}" value="${key}" aria-label="Select ${label(row)}"${state}>${
    reason ? html`<span class="unseen">${reason}</span>` : null
  }</td>`
}

function Head<Row>({ column, sort, listUrl }: TableProps<Row> & { column: Column<Row> }): Markup {
  const { key, label, unseen, sortable, align } = column
  const end = align === 'end' ? html` class="end"` : null
  if (!sortable)
    return html`<th scope="col"${end}>${unseen ? html`<span class="unseen">${label}</span>` : label}</th>`
  const now = sort === key ? 'ascending' : sort === `-${key}` ? 'descending' : null
  const next = now ? (now === 'ascending' ? `-${key}` : key) : sortable === 'descending' ? `-${key}` : key
  const icon = now === 'ascending' ? 'arrow-up' : now === 'descending' ? 'arrow-down' : 'chevrons-up-down'
  return html`<th scope="col"${end}${now ? html` aria-sort="${now}"` : null}><a id="sort-${key}" href="${listUrl({ sort: next })}" hx-swap="outerMorph show:none">${label}${Icon({ name: icon })}</a></th>`
}

// One string, because this runs for every cell of every list: what a column repeats is made once.
function Rows<Row>({ columns, rows, rowKey, select }: TableProps<Row>): Markup {
  const cells = columns.map(({ label, unseen, align, href, cell }, i) => ({
    open: `${i ? '<td' : '<th scope="row"'}${align === 'end' ? ' class="end"' : ''} data-label="${unseen ? '' : escaped(label)}">`,
    close: i ? '</td>' : '</th>',
    href,
    cell,
  }))
  let out = ''
  for (const row of rows) {
    const key = rowKey(row)
    out += `<tr id="row-${escaped(key)}">`
    if (select) out += Pick(select, row, key)
    for (const { open, close, href, cell } of cells) {
      const to = href?.(row)
      const content = text(cell(row))
      out += open + (to ? `<a href="${escaped(to)}">${content}</a>` : content) + close
    }
    out += '</tr>'
  }
  return raw(out)
}
