import type { Child } from '#src/ui/html.ts'

export interface Change {
  field: string
  /** Left out: there was, or is, no such field; null or '': it is empty. */
  from?: string | null
  to?: string | null
}

const LONG = 140

/** Field by field, from what to what. Old and new differ by words and by a line, not by colour alone. */
export function Difference({ changes }: { changes: readonly Change[] }) {
  const told = changes.filter(({ from, to }) => from || to)
  if (!told.length) return null
  return (
    <dl class="difference">
      {told.map(({ field, from, to }) => (
        <div>
          <dt>{field}</dt>
          <dd>
            {from === undefined ? null : (
              <del>
                <span class="unseen">from </span>
                <Value>{from}</Value>
              </del>
            )}
            {from === undefined || to === undefined ? null : <Arrow />}
            {to === undefined ? null : (
              <ins>
                {from === undefined ? null : <span class="unseen">to </span>}
                <Value>{to}</Value>
              </ins>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}

const Arrow = () => <span aria-hidden="true"> → </span>

function Value({ children }: { children: string | null }): Child {
  if (!children) return <span class="nothing">empty</span>
  if (children.length <= LONG) return children
  return (
    <details>
      <summary>{beginning(children)}…</summary>
      {children}
    </details>
  )
}

/** Never half of a sign that takes two. */
const beginning = (text: string) => text.slice(0, LONG - 40).replace(/[\uD800-\uDBFF]$/, '')
