import { afterAll } from 'vitest'
import { createApp, endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'
import { down, up } from '#tests/vendors/migration.ts'
import { vendorRoutes } from '#tests/vendors/routes.ts'

const here = await testDatabase()

/** The route table of the program with one more entity. */
export const routesWithVendors: readonly Endpoint[] = [...endpoints, ...vendorRoutes]

/** The program with one more entity, until the tests of the file have run: others look through the catalog. */
export async function withVendors(routes = routesWithVendors): Promise<App> {
  await up(here.owner as never)
  afterAll(() => down(here.owner as never))
  return createApp({ ...here, routes })
}
