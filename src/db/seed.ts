import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { root } from '#src/config.ts'
import { ownerDatabase } from '#src/db/owner.ts'

/** Runs every file of `seeds/` in order, as kysely-ctl does; each decides whether it has work to do. */
export async function runSeeds(ownerUrl: string): Promise<void> {
  const folder = join(root, 'seeds')
  const db = ownerDatabase(ownerUrl)
  try {
    await db.connection().execute(async (holder) => {
      // of two processes that start at once (a server and a worker, say) the second finds everything done
      await sql`select pg_advisory_lock(hashtextextended('seeds', 0))`.execute(holder)
      for (const name of (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()) {
        const { seed } = await import(pathToFileURL(join(folder, name)).href)
        await seed(db)
      }
    })
  } finally {
    await db.destroy()
  }
}
