import { Icon } from '#src/ui/icon.tsx'
import type { ListUrl } from '#src/ui/list-url.ts'

export interface PagerProps {
  listUrl: ListUrl
  next: string | null
  previous: string | null
  many: string
  shown: number
  first?: number | null
  /** null: not counted. */
  total: number | null
  /** The count stopped at `total`: there are more. */
  capped?: boolean
}

const number = new Intl.NumberFormat('en')

const range = ({ shown, first, total, capped, next, previous }: PagerProps) => {
  const start = first ?? (previous === null ? 1 : null)
  const rows = start ? `${number.format(start)}–${number.format(start + shown - 1)}` : number.format(shown)
  if (capped && total) return `${rows} of more than ${number.format(total)}`
  if (total !== null) return `${rows} of ${number.format(total)}`
  return next === null ? rows : `${rows} of more`
}

export function Pager(props: PagerProps) {
  const { listUrl, next, previous, shown, many } = props
  if (shown === 0) return null
  return (
    <nav class="pager" aria-label="Pages">
      <p class="pager-range" data-result={`${range(props)} ${many}`}>
        {range(props)}
      </p>
      <Step
        id="pager-previous"
        rel="prev"
        label="Previous"
        href={previous && listUrl({ before: previous })}
      />
      <Step id="pager-next" rel="next" label="Next" href={next && listUrl({ after: next })} />
    </nav>
  )
}

function Step({
  id,
  rel,
  label,
  href,
}: {
  id: string
  rel: 'prev' | 'next'
  label: string
  href: string | null
}) {
  const icon = <Icon name={rel === 'prev' ? 'chevron-left' : 'chevron-right'} />
  const content = rel === 'prev' ? [icon, label] : [label, icon]
  if (!href) {
    return (
      <span id={id} class="button plain" aria-disabled="true">
        {content}
      </span>
    )
  }
  return (
    <a id={id} class="button plain" rel={rel} href={href} hx-swap="outerMorph show:top">
      {content}
    </a>
  )
}
