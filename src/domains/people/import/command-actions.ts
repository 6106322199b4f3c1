import { randomUUIDv7 } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { sql } from 'kysely'
import { asSystem } from '#src/access/system.ts'
import type { Database } from '#src/db/database.ts'
import { UniqueViolation } from '#src/db/errors.ts'
import { PeopleImporter, peopleFields, type Rules } from '#src/domains/people/import/importer.ts'
import type { Giver } from '#src/domains/people/import/queries.ts'
import { makeGroups, writePeople } from '#src/domains/people/import/write-actions.ts'
import { clockOf } from '#src/locale/clock.ts'
import { mapped } from '#src/resource/import/columns.ts'
import { type Bringer, type ImportReport, importFile, MANY } from '#src/resource/import/import.ts'
import { MAX_ROWS } from '#src/resource/import/sheet.ts'

export type ImportOptions = {
  /** Makes departments and teams that the file names and that are not there. */
  createGroups?: boolean
  /** Does everything, and takes it back. */
  dryRun?: boolean
  mostMb?: number
}

/** With errors nothing was imported. */
export type Import = Omit<ImportReport, 'rows'> & { imported: number; groups: string[] }

/**
 * Who may administer roles is nothing for a file: `superadmin`, `owner`, `admin`, what inherits from them, and roles
 * of one's own that hold as much are refused.
 */
const operator: Giver = {
  sees: { role: sql`true`, group: sql`true` },
  role: ({ reserved }) => (reserved ? { message: 'which an import can’t assign' } : null),
  group: () => null,
}

const taken: Rules['taken'] = {
  username: {
    here: 'is already in use in this organization',
    elsewhere: 'is already in use by an account outside this organization',
    deleted: 'is that of someone who was deleted here: restore them instead',
    alike: 'looks like one that is already in use',
  },
  email: {
    here: 'is already in use in this organization',
    elsewhere: 'has an account outside this organization',
    deleted: 'is that of someone who was deleted here: restore them instead',
    alike: 'already has an account',
  },
}

/**
 * Imports people from a CSV file, as `POST /users/import` does: all of them, in one transaction, or nobody. They get
 * an account without a password, managed by the organization, and are invited, as by `POST /users`.
 */
export async function importUsers(
  db: Database,
  orgId: string,
  file: string,
  { createGroups = false, dryRun = false, mostMb = 64 }: ImportOptions = {},
): Promise<Import> {
  const unread = await unreadable(file, mostMb)
  if (unread) {
    const errors = [{ line: null, column: null, value: null, message: unread }]
    return { imported: 0, groups: [], notes: [], error_count: 1, errors, ignored_columns: [] }
  }
  const source = `import of ${basename(file)}`
  const cause = { id: randomUUIDv7(), kind: 'import' } as const
  const by: Bringer = { transaction: (work) => asSystem(db, orgId, source, work, { via: 'cli', cause }) }
  let groups: string[] = []
  const rules: Rules = {
    // what a name means depends on all groups that the file makes
    ...(createGroups ? { atOnce: MAX_ROWS } : {}),
    clock: clockOf(null, null),
    giver: async () => operator,
    begin: async (tx, rows) => {
      if (createGroups) groups.push(...(await makeGroups(tx, rows)))
    },
    taken,
    write: async (tx, list) => {
      for (let start = 0; start < list.length; start += MANY)
        await writePeople(tx, list.slice(start, start + MANY), { userId: null, reason: source })
    },
  }
  const run = () =>
    importFile(by, {
      content: () => createReadStream(file),
      importer: () => {
        groups = []
        return new PeopleImporter(rules)
      },
      choose: (header) => mapped(header, peopleFields, {}),
      many: 'people',
      path: 'import:users',
      dryRun,
    })
  // somebody may take a name between look-up and write: the second look-up then says which
  const { rows, ...report } = await run().catch((error) =>
    error instanceof UniqueViolation ? run() : Promise.reject(error),
  )
  const wrong = report.error_count > 0
  return { imported: wrong ? 0 : rows, groups: wrong ? [] : groups, ...report }
}

const known: Record<string, string> = {
  ENOENT: 'No such file.',
  EACCES: 'The file can’t be read.',
}

/** Why a file can't be read; null where it can. */
async function unreadable(file: string, mostMb: number): Promise<string | null> {
  try {
    const found = await stat(file)
    if (found.isDirectory()) return 'This is a folder, not a file.'
    return found.size > mostMb * 1024 * 1024 ? `The file is larger than ${mostMb} MB: split it.` : null
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    return known[code] ?? message
  }
}
