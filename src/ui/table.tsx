import type { Address } from '#src/ui/address.ts'
import { type Child, escaped, html, type Markup, raw, text } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

export interface Column<Row> {
  key: string
  label: string
  /** 'descending': what the first click gives, for dates and amounts. */
  sortable?: boolean | 'descending'
  align?: 'start' | 'end'
  /** Makes the cell a link. */
  href?: (row: Row) => string | null
  cell: (row: Row) => Child
}

export interface TableProps<Row> {
  /** Names the table for who can't see it. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  address: Address
  /** As in the address: 'name', '-created_at'. */
  sort?: string | null
  /** What stands in its place when there are no rows: EmptyState, NoMatch, NoAccess. */
  empty: Child
}

/** The first column is the head of its row. Cards instead of rows where it is narrow. */
export function Table<Row>(props: TableProps<Row>): Markup {
  const { label, columns, rows, empty } = props
  if (rows.length === 0) return html`${empty}`
  return html`<div class="table-frame${columns.length < 4 ? ' few' : null}"><div class="table-scroll"><table class="table">
<caption class="unseen">${label}</caption>
<thead><tr>${columns.map((column) => Head({ column, ...props }))}</tr></thead>
<tbody>${Rows(props)}</tbody>
</table></div></div>`
}

function Head<Row>({ column, sort, address }: TableProps<Row> & { column: Column<Row> }): Markup {
  const { key, label, sortable, align } = column
  const end = align === 'end' ? html` class="end"` : null
  if (!sortable) return html`<th scope="col"${end}>${label}</th>`
  const now = sort === key ? 'ascending' : sort === `-${key}` ? 'descending' : null
  const next = now ? (now === 'ascending' ? `-${key}` : key) : sortable === 'descending' ? `-${key}` : key
  const icon = now === 'ascending' ? 'arrow-up' : now === 'descending' ? 'arrow-down' : 'chevrons-up-down'
  return html`<th scope="col"${end}${now ? html` aria-sort="${now}"` : null}><a id="sort-${key}" href="${address({ sort: next })}" hx-swap="outerMorph show:none">${label}${Icon({ name: icon })}</a></th>`
}

// One string, because this runs for every cell of every list: what a column repeats is made once.
function Rows<Row>({ columns, rows, rowKey }: TableProps<Row>): Markup {
  const cells = columns.map(({ label, align, href, cell }, i) => ({
    open: `${i ? '<td' : '<th scope="row"'}${align === 'end' ? ' class="end"' : ''} data-label="${escaped(label)}">`,
    close: i ? '</td>' : '</th>',
    href,
    cell,
  }))
  let out = ''
  for (const row of rows) {
    out += `<tr id="row-${escaped(rowKey(row))}">`
    for (const { open, close, href, cell } of cells) {
      const to = href?.(row)
      const content = text(cell(row))
      out += open + (to ? `<a href="${escaped(to)}">${content}</a>` : content) + close
    }
    out += '</tr>'
  }
  return raw(out)
}
