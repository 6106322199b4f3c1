import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import { root } from '#src/config.ts'
import type { DB } from '#src/db/types.ts'
import { seedAccess } from '#src/domains/organizations/organizations/access-actions.ts'

/** The platform's and the default organization, and everybody's built-in permissions and roles. Runs at will. */
export async function seed(db: Kysely<DB>): Promise<void> {
  await db
    .insertInto('organizations')
    .values([
      { kind: 'platform', name: 'Platform', slug: 'platform' },
      { kind: 'tenant', name: 'Northern Lights Cold Storage', slug: 'default', is_default: true },
    ])
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  // permissions are seeded for what is declared
  const models = globSync('src/domains/*/*/model.ts', { cwd: root })
  for (const file of models) await import(pathToFileURL(join(root, file)).href)
  await seedAccess(db)
}
