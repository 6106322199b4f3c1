import type { Noun } from '#src/locale/noun.ts'
import { EmptyState } from '#src/ui/feedback.tsx'
import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

export interface EffectProps {
  kind: 'gain' | 'lose'
  /** How many of them there are; `names` may hold fewer. */
  count: number
  noun: Noun
  /** What they gain or lose: a permission, a role. */
  what: Child
  names: readonly { label: string; href?: string }[]
}

const number = new Intl.NumberFormat('en')

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
  const verb = count === 1 ? `${kind}s` : kind
  const others = count - names.length
  return (
    <li class={kind}>
      <Icon name={kind === 'gain' ? 'plus' : 'minus'} />
      <p>
        <strong>
          {number.format(count)} {count === 1 ? noun.one : noun.many}
        </strong>{' '}
        {verb} {what}
      </p>
      {names.length ? (
        <p class="effect-names">
          {names.map(({ label, href }, i) => (
            <>
              {i ? ', ' : null}
              {href ? <a href={href}>{label}</a> : label}
            </>
          ))}
          {others > 0 ? ` and ${number.format(others)} more` : null}
        </p>
      ) : null}
    </li>
  )
}
