import { counted, type Noun, number } from '#src/locale/noun.ts'
import { EmptyState } from '#src/ui/feedback.tsx'
import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

export interface EffectProps {
  kind: 'gain' | 'lose'
  count: number
  noun: Noun
  what: Child
  names: readonly { label: string; href?: string }[]
}

/** Whom a change would touch, before it is made. */
export function Effects({ items }: { items: readonly EffectProps[] }) {
  if (!items.length) return <EmptyState icon="check" title="No one’s access changes" />
  return (
    <ul class="effects">
      {items.map((item) => (
        <Effect {...item} />
      ))}
    </ul>
  )
}

function Effect({ kind, count, noun, what, names }: EffectProps) {
  const others = count - names.length
  return (
    <li class={kind}>
      <Icon name={kind === 'gain' ? 'plus' : 'minus'} />
      <p>
        <span class="unseen">{kind === 'gain' ? 'Gained: ' : 'Lost: '}</span>
        {what}
      </p>
      <p class="effect-names">
        <strong>{counted(count, noun)}</strong>
        {names.length ? ': ' : null}
        {names.map(({ label, href }, i) => (
          <>
            {i ? ', ' : null}
            {href ? <a href={href}>{label}</a> : label}
          </>
        ))}
        {names.length && others > 0 ? ` and ${number(others)} more` : null}
      </p>
    </li>
  )
}
