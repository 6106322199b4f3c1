// npm run types: writes src/db/types.ts from the owner's database, migrated; with --verify it only compares.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate, getDialect } from 'kysely-codegen'
import { readConfig, root } from '#src/config.ts'
import { migrateToLatest } from '#src/db/migrate.ts'
import { openOwner, ownerDatabase } from '#src/db/owner.ts'

const { dateParser, outFile, ...options } = JSON.parse(
  readFileSync(join(root, '.kysely-codegenrc.json'), 'utf8'),
)
const verify = process.argv.includes('--verify')
const owner = await openOwner(readConfig())
const db = ownerDatabase(owner.url)
try {
  await migrateToLatest(db)
  const dialect = getDialect('postgres', { dateParser })
  await generate({ ...options, db, dialect, outFile: join(root, outFile), verify })
  process.stdout.write(verify ? 'The types fit the schema.\n' : `Wrote ${outFile}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message.split('!', 1)[0]}: run npm run types\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
  await owner.stop()
}
