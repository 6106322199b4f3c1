import { defineConfig } from 'kysely-ctl'
import { ownerDialect } from '#src/db/owner.ts'

export default defineConfig({
  dialect: await ownerDialect(),
  migrations: { migrationFolder: 'migrations' },
  seeds: { seedFolder: 'seeds' },
})
