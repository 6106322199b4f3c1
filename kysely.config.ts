import { defineConfig } from 'kysely-ctl'
import { ended, lookAtCall, nextNumber, plainMigrator } from '#src/cli/kysely.ts'
import { ownerDialect } from '#src/db/owner.ts'

// read before every command that does something: so it is where the call is looked at
await lookAtCall()

export default defineConfig({
  dialect: ownerDialect((error) => ended(error.message, 1)),
  migrations: {
    getMigrationPrefix: () => nextNumber('migrations'),
    migrator: plainMigrator,
  },
  seeds: { seedFolder: 'seeds', getSeedPrefix: () => nextNumber('seeds') },
})
