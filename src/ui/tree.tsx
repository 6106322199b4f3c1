import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

export interface TreeNode {
  id: string
  label: string
  /** null: may be seen as the way to those beneath, and not be opened. */
  href: string | null
  meta?: Child
  count?: Child
  children: readonly TreeNode[]
}

export interface TreeProps {
  label: string
  nodes: readonly TreeNode[]
  /** So many levels are unfolded at first. */
  open?: number
}

/** What stands beneath what. The link comes first, the fold after it: neither is within the other. */
export function Tree({ label, nodes, open = 3 }: TreeProps) {
  return (
    <nav class="tree" aria-label={label}>
      <Level nodes={nodes} open={open} />
    </nav>
  )
}

function Level({ nodes, open }: Omit<TreeProps, 'label'> & { open: number }) {
  return (
    <ul>
      {nodes.map((node) => (
        <Node node={node} open={open} />
      ))}
    </ul>
  )
}

function Node({ node, open }: { node: TreeNode; open: number }) {
  const { id, label, href, meta, count, children } = node
  return (
    <li id={`node-${id}`}>
      <p class="tree-row">
        {href ? <a href={href}>{label}</a> : <span>{label}</span>}
        {meta ? <span class="tree-meta">{meta}</span> : null}
        {count === undefined ? null : <span class="count">{count}</span>}
      </p>
      {children.length ? (
        <details open={open > 1}>
          <summary>
            <Icon name="chevron-right" />
            <span class="unseen">Under {label}</span>
          </summary>
          <Level nodes={children} open={open - 1} />
        </details>
      ) : null}
    </li>
  )
}
