import { z } from 'zod'
import { goTo, toDo } from '#src/domains/shell/palette/entries.ts'
import { findRecords } from '#src/domains/shell/palette/queries.ts'
import { paletteScreen } from '#src/domains/shell/palette/views.tsx'
import { type Endpoint, get, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

const query = z.strictObject({
  q: z.string().trim().max(200).default(''),
})

const entries = z.array(
  z.strictObject({
    title: z.string(),
    hint: z.string().nullable(),
    icon: z.string(),
    path: z.string(),
  }),
)
const answer = z.strictObject({ go: entries, act: entries, find: entries }).meta({ id: 'palette' })

/**
 * Where to go, what to do, what to find: only what this person may.
 * @param table the whole route table: it tells which pages there are
 */
export const paletteRoutes = (table: () => readonly Endpoint[]): Endpoint[] => [
  get(
    paths.palette,
    signedIn,
    { query, answer, summary: 'Find places, actions and records' },
    async ({ db, actor, query: { q } }) => {
      const pages = new Set(table().flatMap(({ method, path }) => (method === 'GET' ? [path] : [])))
      const find = await findRecords(db, actor, q, pages)
      const found = { go: goTo(actor, q), act: toDo(actor, q, pages), find }
      return { json: found, screen: (frame) => paletteScreen(q, found, frame) }
    },
  ),
]
