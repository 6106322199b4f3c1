import { called, type Entry, meant } from '#src/domains/shell/palette/entries.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { EmptyState } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { PaletteField, PaletteResults } from '#src/ui/palette.tsx'

export type Choices = { go: Entry[]; act: Entry[]; find: Entry[] }

/**
 * The palette as a page, for whoever has no script; its results are those of the dialog as well. Places come before
 * records where what was typed begins their first word, unless a record is called just that.
 */
export function paletteScreen(q: string, { go, act, find }: Choices, frame: Frame): Screen {
  const action = frame.path(paths.palette)
  const places = [
    { title: 'Go to', entries: go },
    { title: 'Actions', entries: act },
  ]
  const records = { title: 'Records', entries: find }
  const placesFirst = meant([...go, ...act], q) && !called(find, q)
  const sections = (placesFirst ? [...places, records] : [records, ...places]).map(({ title, entries }) => ({
    title,
    entries: entries.map(({ path, ...entry }) => ({ ...entry, href: frame.path(path) })),
  }))
  const any = sections.some(({ entries }) => entries.length)
  return {
    title: q ? `Search: ${q}` : 'Search',
    children: (
      <>
        <PaletteField action={action} q={q} />
        <PaletteResults sections={sections} />
        {any ? null : <EmptyState icon="search" title="Nothing matches" text="Try a different search." />}
      </>
    ),
  }
}
