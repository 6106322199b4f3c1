import type { Entry } from '#src/domains/palette/entries.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { EmptyState } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { PaletteField, PaletteResults } from '#src/ui/palette.tsx'

export type Choices = { go: Entry[]; act: Entry[]; find: Entry[] }

/** The palette as a page, for whoever has no script; its results are those of the dialog as well. */
export function paletteScreen(q: string, { go, act, find }: Choices, frame: Frame): Screen {
  const action = frame.path(paths.palette)
  const sections = [
    { title: 'Find', entries: find },
    { title: 'Go to', entries: go },
    { title: 'Do', entries: act },
  ].map(({ title, entries }) => ({
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
        {any ? null : <EmptyState icon="search" title="Nothing matches" text="Try fewer or other words." />}
      </>
    ),
  }
}
