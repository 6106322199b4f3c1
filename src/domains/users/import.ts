import { basename } from 'node:path'
import { sql } from 'kysely'
import { asSystem } from '#src/access/system.ts'
import type { Database, Db } from '#src/db/database.ts'
import { Taken } from '#src/db/errors.ts'
import { type ImportError, readPeople } from '#src/domains/users/import-file.ts'
import { type Giver, makeGroups, placed, placesOf } from '#src/domains/users/import-places.ts'
import type { Row } from '#src/domains/users/import-row.ts'
import { namesTaken, writePeople } from '#src/domains/users/import-write.ts'
import { MANY, planForMany } from '#src/resource/import/import.ts'

export type ImportOptions = {
  /** Makes departments and teams that the file names and that are not there. */
  createGroups?: boolean
  /** Does everything, and takes it back. */
  dryRun?: boolean
}

/** With errors nothing was imported. */
export type Import = { imported: number; groups: string[]; errors: ImportError[] }

/**
 * Who may administer roles is nothing for a file: `superadmin`, `owner`, `admin`, what inherits from them, and roles
 * of one's own that hold as much are refused.
 */
const operator: Giver = {
  sees: { role: sql`true`, group: sql`true` },
  role: ({ reserved }) => (reserved ? { message: 'which an import may not give' } : null),
  group: () => null,
}

/** Carries the outcome out of a transaction that shall not be kept. */
class TakenBack extends Error {
  readonly outcome: Import
  constructor(outcome: Import) {
    super('taken back')
    this.outcome = outcome
  }
}

/**
 * Imports people from a CSV file: all of them, in one transaction, or nobody. They get an account without a
 * password, managed by the organization, and are invited, as by `POST /users`.
 */
export async function importUsers(
  db: Database,
  orgId: string,
  file: string,
  options: ImportOptions = {},
): Promise<Import> {
  const { rows, errors } = await readPeople(file)
  if (!rows.length) return { imported: 0, groups: [], errors }
  const source = `import of ${basename(file)}`
  const run = () =>
    asSystem(db, orgId, source, (tx) => work(tx, rows, errors, source, options), { via: 'cli' })
  try {
    // somebody may take a name between look-up and write: the second look-up then says which
    return await run().catch((error) => (error instanceof Taken ? run() : Promise.reject(error)))
  } catch (error) {
    if (error instanceof TakenBack) return error.outcome
    throw error
  }
}

async function work(
  tx: Db,
  rows: Row[],
  before: ImportError[],
  source: string,
  options: ImportOptions,
): Promise<Import> {
  await planForMany(tx)
  const groups = options.createGroups ? await makeGroups(tx, rows) : []
  const { list, errors } = placed(rows, await placesOf(tx, rows, operator))
  const found = [...before, ...errors, ...(await taken(tx, rows))]
  if (found.length) {
    found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    throw new TakenBack({ imported: 0, groups: [], errors: found })
  }
  for (let start = 0; start < list.length; start += MANY)
    await writePeople(tx, list.slice(start, start + MANY), { userId: null, reason: source })
  const outcome = { imported: list.length, groups, errors: [] }
  if (options.dryRun) throw new TakenBack(outcome)
  return outcome
}

const said = {
  username: {
    here: 'is taken in this organization',
    elsewhere: 'is taken by an account outside this organization',
    deleted: 'is that of somebody who was deleted here: restore them instead',
    alike: 'reads like one that is taken',
  },
  email: {
    here: 'is taken in this organization',
    elsewhere: 'has an account outside this organization',
    deleted: 'is that of somebody who was deleted here: restore them instead',
    alike: 'has an account already',
  },
} as const

async function taken(tx: Db, rows: readonly Row[]): Promise<ImportError[]> {
  const names = await namesTaken(tx, rows)
  return rows.flatMap((row) =>
    (['username', 'email'] as const).flatMap((field) => {
      const where = names[field].get(row[field] ?? '')
      return where ? [{ line: row.line, field, message: said[field][where] }] : []
    }),
  )
}
