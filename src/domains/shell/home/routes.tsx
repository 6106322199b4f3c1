import { type Counts, countsFor } from '#src/domains/shell/home/queries.ts'
import { homeScreen } from '#src/domains/shell/home/views.tsx'
import { get, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

export const homeRoutes = [
  get(paths.home, signedIn, { only: 'page' }, async ({ db, actor }) => {
    const [counts] = await db.readAs(actor, (q) => countsFor(q, actor))
    return { screen: (frame) => homeScreen(frame, actor.identity, counts as Counts) }
  }),
]
