import { createApp, endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'
import { up } from '#tests/vendors/migration.ts'
import { vendorRoutes } from '#tests/vendors/routes.ts'

const here = await testDatabase()
await up(here.owner as never)

/** The route table of the program with one more entity. */
export const routesWithVendors: readonly Endpoint[] = [...endpoints, ...vendorRoutes]

/** The program with one more entity. */
export const withVendors = (routes = routesWithVendors): App => createApp({ ...here, routes })
