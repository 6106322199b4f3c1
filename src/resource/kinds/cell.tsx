import { type RecordRow, type Resource, resourceOf } from '#src/resource/entity.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import { Badge } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Time } from '#src/ui/time.tsx'

/** A value as pages show it; null if there is none. */
export function shown(
  { path, columns }: Pick<Resource, 'path' | 'columns'>,
  name: string,
  row: RecordRow,
  frame: Frame,
): Child {
  const column = columns[name] as Column
  const value = row[name]
  if (value === null || value === undefined || value === '') return null
  const cell = column.kind.cell(value, column, { row, name })
  if (typeof cell === 'string') return cell
  if ('badge' in cell) return Badge({ tone: cell.tone, children: cell.badge })
  if ('at' in cell) return Time({ at: cell.at, clock: frame.clock })
  if ('named' in cell) return <Named {...cell} frame={frame} />
  return cell.tags.length ? <Tags list={frame.path(path)} name={name} tags={cell.tags} /> : null
}

/** Each tag links to the records that have it. */
const Tags = ({ list, name, tags }: { list: string; name: string; tags: readonly string[] }) => (
  <span class="tags">
    {tags.map((tag) => (
      <a class="tag" href={`${list}?${new URLSearchParams({ [name]: tag })}`}>
        {tag}
      </a>
    ))}
  </span>
)

type NamedProps = { named: { id: string; name?: string } | null; of: string; frame: Frame }

/** The other record's name as a link, if the reader may see it. */
function Named({ named, of, frame }: NamedProps) {
  const target = resourceOf(of)
  if (!named?.name || !target) return <span class="nothing">not yours to see</span>
  return <a href={frame.path(`${target.path}/${named.id}`)}>{named.name}</a>
}
