import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

export interface ProgressProps {
  id: string
  href: string
  label: string
  done: number
  total: number | null
  unit: string
}

const number = new Intl.NumberFormat('en')

// Looks every second, puts its element in place of itself, and stops with the answer that has none.
const looking = (id: string, href: string) => ({
  'hx-get': href,
  'hx-trigger': 'every 1s',
  'hx-target': `#${id}`,
  'hx-select': `#${id} > *`,
  'hx-swap': 'innerHTML',
  'hx-sync': 'this:drop',
  'hx-indicator': 'this',
  // what fails once may answer a second later
  'hx-status:4xx': 'swap:none',
  'hx-status:5xx': 'swap:none',
})

export function Progress({ id, href, label, done, total, unit }: ProgressProps) {
  const words = total === null ? number.format(done) : `${number.format(done)} of ${number.format(total)}`
  return (
    <Work id={id}>
      <div class="work" aria-live="off" {...looking(id, href)}>
        <label for={`${id}-bar`}>{label}</label>
        <progress id={`${id}-bar`} value={total === null ? undefined : done} max={total ?? undefined}>
          {words}
        </progress>
        <p>
          {words} {unit}{' '}
          <a class="without-script" href={href}>
            Refresh
          </a>
        </p>
      </div>
    </Work>
  )
}

export interface FinishedProps {
  id: string
  failed?: boolean
  title: string
  children?: Child
}

/** Said to whoever listens when it takes the place of a progress. */
export function Finished({ id, failed, title, children }: FinishedProps) {
  return (
    <Work id={id}>
      <p class={failed ? 'outcome bad' : 'outcome good'}>
        <Icon name={failed ? 'circle-alert' : 'circle-check'} />
        {title}
      </p>
      {children}
    </Work>
  )
}

function Work({ id, children }: { id: string; children?: Child }) {
  return (
    <div id={id} role="status">
      {children}
    </div>
  )
}
