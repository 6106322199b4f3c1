import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '#src/config.ts'
import { ownerDatabase } from '#src/db/owner.ts'

/** Runs every file of `seeds/` in order, as kysely-ctl does; each decides itself whether there is work. */
export async function runSeeds(ownerUrl: string): Promise<void> {
  const folder = join(root, 'seeds')
  const db = ownerDatabase(ownerUrl)
  try {
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()) {
      const { seed } = await import(pathToFileURL(join(folder, name)).href)
      await seed(db)
    }
  } finally {
    await db.destroy()
  }
}
