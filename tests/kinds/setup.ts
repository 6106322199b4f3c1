import { type Kysely, sql } from 'kysely'
import { createApp, endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { offers } from '#tests/kinds/model.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
await sql`select app.record_table('offers', 'offer', $$
  name text not null check (name <> ''),
  discount numeric(14, 1),
  total numeric(15, 2) not null,
  rate numeric(17, 4),
  weight numeric(16, 3),
  page text collate "C",
  zone text collate "C",
  language text collate "C"
$$, searched => '{name}', sorts => '{name, created_at}')`.execute(here.owner as unknown as Kysely<unknown>)

export const routesWithOffers: readonly Endpoint[] = [...endpoints, ...resourceRoutes(offers)]

export const withOffers = (): App => createApp({ ...here, routes: routesWithOffers })
