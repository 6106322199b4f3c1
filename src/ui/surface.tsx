import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'

export function Panel({ title, actions, children }: { title?: string; actions?: Child; children?: Child }) {
  return (
    <section class="panel">
      {title ? (
        <header class="panel-head">
          <h2>{title}</h2>
          {actions}
        </header>
      ) : null}
      {children}
    </section>
  )
}

export function Columns({ children }: { children?: Child }) {
  return <div class="columns">{children}</div>
}

export interface TileProps {
  label: string
  value: Child
  href?: string
  icon?: IconName
  hint?: Child
}

/** A number of the dashboard; it leads to what it counts. */
export function Tile({ label, value, href, icon, hint }: TileProps) {
  return (
    <div class="tile">
      {icon ? <Icon name={icon} /> : null}
      <p class="tile-label">{href ? <a href={href}>{label}</a> : label}</p>
      <p class="tile-value">{value}</p>
      {hint ? <p class="tile-hint">{hint}</p> : null}
    </div>
  )
}

export function Tiles({ children }: { children?: Child }) {
  return <div class="tiles">{children}</div>
}
