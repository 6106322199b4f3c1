import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Kysely } from 'kysely'
import type { MigrationResultSet, Migrator } from 'kysely/migration'
import { ask, type Terminal, UsageError } from '#src/cli/prompt.ts'
import { type Config, readConfig, root } from '#src/config.ts'
import { migrate, migrator, SchemaError } from '#src/db/migrate.ts'

type Action = {
  takes: string
  does: string
  /** What it takes away; nothing else asks. */
  destroys?: string
  flags?: Record<string, string>
}

/** What `kysely` does here. Its own help ends at the first level, and flags that it doesn't know pass. */
const actions: Record<string, Action> = {
  'migrate latest': { takes: '', does: 'brings the database to the newest migration' },
  'migrate up': { takes: '[NAME]', does: 'applies the next migration, or all up to NAME' },
  'migrate down': {
    takes: '[NAME]',
    does: 'undoes the last migration, or all after NAME',
    destroys: 'undoes migrations and deletes the data in their tables',
  },
  'migrate rollback': {
    takes: '',
    does: 'undoes all migrations',
    destroys: 'undoes all migrations: every table and all data is deleted',
    flags: { all: 'required: confirms that you mean all' },
  },
  'migrate list': {
    takes: '',
    does: 'lists migrations and marks the applied ones',
    flags: { 'fail-on-pending': 'exits with code 1 if one is not applied' },
  },
  'migrate make': { takes: 'NAME', does: 'writes an empty migration, numbered last' },
  'seed run': { takes: '[NAME]', does: 'runs the seeds, which only add what is missing' },
  'seed list': { takes: '', does: 'lists seeds' },
  'seed make': { takes: 'NAME', does: 'writes an empty seed, numbered last' },
  sql: { takes: '[QUERY]', does: 'runs SQL as the owner, past row security; asks for it without QUERY' },
}

const anywhere = { debug: 'shows every statement', help: 'shows this' }
const destroying = { yes: 'doesn’t ask for confirmation' }
const passed = ['no-outdated-check', 'no-filesystem-caching', 'version', 'seed_name', 'migration_name']

const flagsOf = ({ destroys, flags }: Action) => ({ ...flags, ...(destroys ? destroying : {}), ...anywhere })

/** Which action the words name; null for what kysely answers by itself, like a help of the first level. */
function actionOf(words: readonly string[]): [name: string, action: Action] | null {
  const [first = '', second = ''] = words.flatMap((word, index) => (index ? word : word.split(':')))
  const name = first === 'sql' ? first : `${first} ${second}`
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  return action ? [name, action] : null
}

const line = (flag: string, says: string) => `  --${flag.padEnd(18)} ${says}`

/** What `--help` prints of one action. */
const help = (name: string, action: Action) =>
  [
    `Usage: npx kysely ${name}${action.takes && ` ${action.takes}`} [--${Object.keys(flagsOf(action)).join('] [--')}]`,
    `kysely ${name} ${action.does}.`,
    '',
    ...Object.entries(flagsOf(action)).map(([flag, says]) => line(flag, says)),
  ].join('\n')

/** Looks at what `kysely` was called with before anything is done. */
async function looked(
  argv: readonly string[],
  config: () => Config,
  terminal: Terminal,
): Promise<string | null> {
  const [name, action] = actionOf(argv.filter((word) => !word.startsWith('-'))) ?? []
  if (!name || !action) return null
  const values = parsed(name, action, argv)
  if (values.help) return help(name, action)
  if (!action.destroys || values.yes) return null
  const database = named(config())
  if (!terminal.asks)
    throw new UsageError(`kysely ${name} ${action.destroys}, in ${database.says}. Add --yes to confirm.`)
  terminal.output.write(`kysely ${name} ${action.destroys}, in ${database.says}.\n`)
  const answer = await ask(terminal, `Type ${database.name} to continue`)
  if (answer.trim() !== database.name) throw new UsageError('Nothing changed.')
  return null
}

function parsed(name: string, action: Action, argv: readonly string[]): Record<string, unknown> {
  const flags = Object.keys(flagsOf(action))
  const known = [...flags, ...passed].map((flag) => [flag, { type: 'boolean' as const }])
  const taken = { ...Object.fromEntries(known), format: { type: 'string' as const } }
  const options = { ...taken, help: { type: 'boolean' as const, short: 'h' } }
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    const most = name.split(' ').length + (action.takes ? 1 : 0)
    const words = positionals[0]?.includes(':') ? positionals.length + 1 : positionals.length
    if (words > most) throw new Error(`${name} doesn’t take “${positionals.at(-1)}”.`)
    return values
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. To specify')[0]}\n${help(name, action)}`)
  }
}

function named({ DATABASE_URL, DATA_DIR }: Config): { name: string; says: string } {
  if (!DATABASE_URL) return { name: 'ambit', says: `the embedded database in ${DATA_DIR}` }
  const { hostname, port, pathname } = new URL(DATABASE_URL)
  const name = decodeURIComponent(pathname.slice(1))
  return { name, says: `the database ${name} at ${hostname}:${port || 5432}` }
}

/** The number of the next file in a folder, as the others have theirs: `0022_`. */
export function nextNumber(folder: string): string {
  const numbers = readdirSync(join(root, folder)).flatMap((name) => /^(\d+)_/.exec(name)?.[1] ?? [])
  const last = numbers.sort().at(-1) ?? '0'
  return `${String(Number(last) + 1).padStart(last.length, '0')}_`
}

/** Kysely's migrator, with the functions, whose failures are one line. */
export function plainMigrator(db: Kysely<unknown>): Migrator {
  const taken = (take: (migrator: Migrator) => Promise<MigrationResultSet>) =>
    migrate(db, take).catch(async (error) => {
      if (!(error instanceof SchemaError)) throw error
      await db.destroy()
      return ended(error.message, 1)
    })
  return Object.assign(Object.create(migrator(db)), {
    migrateToLatest: () => taken((inner) => inner.migrateToLatest()),
    migrateUp: () => taken((inner) => inner.migrateUp()),
    migrateDown: () => taken((inner) => inner.migrateDown()),
    migrateTo: (...target: Parameters<Migrator['migrateTo']>) => taken((inner) => inner.migrateTo(...target)),
    getMigrations: () => migrator(db).getMigrations(),
  })
}

/** Ends the process with a line for whoever called it. */
export function ended(message: string, code: number): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

/** Looks at the call of this process; what can't be done ends it in one line. */
export async function lookAtCall(): Promise<void> {
  const terminal = { input: process.stdin, output: process.stderr, asks: process.stdin.isTTY === true }
  try {
    const told = await looked(process.argv.slice(2), readConfig, terminal)
    if (told === null) return
    process.stdout.write(`${told}\n`)
  } catch (error) {
    ended((error as Error).message, error instanceof UsageError ? 2 : 1)
  }
  process.exit(0)
}
