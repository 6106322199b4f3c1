import { html, type Markup } from '#src/ui/html.ts'

export interface Tab {
  label: string
  href: string
  current: boolean
  count?: number
}

/** The parts of one record, each with its own address. */
export function Tabs({ label, items }: { label: string; items: readonly Tab[] }): Markup {
  return html`<nav class="tabs" aria-label="${label}"><ul>${items.map(
    ({ label, href, current, count }) =>
      html`<li><a href="${href}"${current ? html` aria-current="page"` : null}>${label}${
        count === undefined ? null : html`<span class="count">${count}</span>`
      }</a></li>`,
  )}</ul></nav>`
}
