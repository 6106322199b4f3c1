import { capital } from '#src/locale/noun.ts'
import { nameOfReference, type RecordRow, type Resource, resourceOf } from '#src/resource/entity.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import { Badge } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Time } from '#src/ui/time.tsx'

/** A value as pages show it; null where there is none. */
export function shown(
  { path, columns }: Pick<Resource, 'path' | 'columns'>,
  name: string,
  row: RecordRow,
  frame: Frame,
): Child {
  const column = columns[name] as Column
  const value = row[name]
  if (value === null || value === undefined || value === '') return null
  switch (column.kind) {
    case 'instant':
      return Time({ at: String(value), clock: frame.clock })
    case 'flag':
      return value ? 'Yes' : 'No'
    case 'choice':
      return Badge({
        tone: column.tones?.[String(value)] ?? 'plain',
        children: column.labels?.[String(value)] ?? capital(String(value)),
      })
    case 'tags':
      return (value as string[]).length ? (
        <Tags list={frame.path(path)} name={name} tags={value as string[]} />
      ) : null
    case 'reference':
      return Reference({ of: column.of, row, name, frame })
    default:
      return String(value)
  }
}

/** Each leads to the others that have it. */
const Tags = ({ list, name, tags }: { list: string; name: string; tags: readonly string[] }) => (
  <span class="tags">
    {tags.map((tag) => (
      <a class="tag" href={`${list}?${new URLSearchParams({ [name]: tag })}`}>
        {tag}
      </a>
    ))}
  </span>
)

/** The other record's name as a link, where the reader may see it. */
function Reference({
  of,
  row,
  name,
  frame,
}: {
  of?: string
  row: RecordRow
  name: string
  frame: Frame
}): Child {
  const target = of ? resourceOf(of) : undefined
  const named = row[nameOfReference(name)] as { id: string; name?: string } | null | undefined
  if (!named?.name || !target) return <span class="nothing">not yours to see</span>
  return <a href={frame.path(`${target.path}/${named.id}`)}>{named.name}</a>
}
