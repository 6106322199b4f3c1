import { createApp, endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { up } from '#tests/depots/migration.ts'
import { depots, documents, parcels, shelves } from '#tests/depots/model.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
await up(here.owner as never)

/** The route table of the program with depots and what lies beneath them. */
const routesWithDepots: readonly Endpoint[] = [
  ...endpoints,
  ...[depots, shelves, parcels, documents].flatMap((resource) => resourceRoutes(resource)),
]

export const withDepots = (): App => createApp({ ...here, routes: routesWithDepots })
