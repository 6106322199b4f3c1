// npm run types: writes src/db/types.ts and src/db/functions.ts from the migrated database; --verify only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate, getDialect } from 'kysely-codegen'
import { readConfig, root } from '#src/config.ts'
import { migrateToLatest, SchemaError } from '#src/db/migrate.ts'
import { openOwner, ownerDatabase } from '#src/db/owner.ts'
import { functionTypes } from './function-types.ts'

const { dateParser, outFile, ...options } = JSON.parse(
  readFileSync(join(root, '.kysely-codegenrc.json'), 'utf8'),
)
const calls = join('src', 'db', 'functions.ts')
const verify = process.argv.includes('--verify')
const owner = await openOwner(readConfig())
const db = ownerDatabase(owner.url)
try {
  await migrateToLatest(db)
  const dialect = getDialect('postgres', { dateParser })
  await generate({ ...options, db, dialect, outFile: join(root, outFile), verify })
  const made = await functionTypes(db)
  if (!verify) writeFileSync(join(root, calls), made)
  else if (readFileSync(join(root, calls), 'utf8') !== made)
    throw new Error(`${calls} doesn't fit the functions`)
  process.stdout.write(verify ? 'The types fit the schema.\n' : `Wrote ${outFile} and ${calls}\n`)
} catch (error) {
  const [why] = (error as Error).message.split('!', 1)
  process.stderr.write(error instanceof SchemaError ? `${why}\n` : `${why}: run npm run types\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
  await owner.stop()
}
