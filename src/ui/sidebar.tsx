import type { Frame, NavigationItem } from '#src/ui/frame.ts'
import { html, type Markup } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

/** A popover where the window is narrow (drawer), a column where it is wide: see layout.css. */
export function Sidebar({ frame }: { frame: Frame }): Markup {
  let section: string | undefined
  return html`<nav id="sidebar" class="sidebar" popover aria-label="Main">
<ul>${frame.navigation.map((item) => {
    const heading = item.section !== section ? item.section : undefined
    section = item.section
    return html`${heading ? html`<li class="sidebar-heading">${heading}</li>` : null}${Item(item)}`
  })}</ul>
</nav>`
}

function Item({ label, href, icon, current, count }: NavigationItem): Markup {
  return html`<li><a href="${href}"${current ? html` aria-current="page"` : null}>${Icon({ name: icon })}<span>${label}</span>${
    count === undefined ? null : html`<span class="count">${count}</span>`
  }</a></li>`
}
