import { createApp, endpoints } from '#src/app.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { up } from '#tests/vendors/migration.ts'
import { vendorRoutes } from '#tests/vendors/routes.ts'

const here = await testDatabase()
await up(here.owner as never)

/** The program with one more entity. */
export const withVendors = createApp({ ...here, routes: [...endpoints, ...vendorRoutes] })
