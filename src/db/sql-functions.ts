import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { root } from '#src/config.ts'

const FOLDER = join('src', 'db', 'functions')

/** A function of the schema `app`, whole in a file of its own. */
export type SqlFunction = {
  name: string
  text: string
  owner: 'owner' | 'lookup'
  /** Roles that may call it besides its owner and the database's. */
  callers: readonly string[]
  /** Tables whose rows it takes or returns: it can't be created before them. */
  tables: readonly string[]
  /** Comment on the function in the database: its file, and the hash of its text. */
  comment: string
}

/** First line of every file: the function's owner, and who may call it. */
const HEADER = /^-- owner: (owner|lookup); callers: (none|(?:app|lookup)(?:, (?:app|lookup))?)\n/

/** Hash of the content, whatever the line endings of a checkout. */
export const hashOf = (text: string) =>
  hash('sha256', text.replaceAll('\r\n', '\n'), 'base64url').slice(0, 22)

function parsed(file: string, text: string): SqlFunction {
  const name = basename(file, '.sql')
  const [, owner, callers = ''] = HEADER.exec(text) ?? []
  if (!owner) throw new Error(`${file} does not start with “-- owner: …; callers: …”`)
  const made = [...text.matchAll(/\bcreate or replace function app\.(\w+)(\([\s\S]*?\bas\s+\$)/gi)]
  if (!made.length || made.some((one) => one[1] !== name)) throw new Error(`${file} has to make app.${name}`)
  return {
    name,
    text,
    owner: owner as SqlFunction['owner'],
    callers: callers === 'none' ? [] : callers.split(', '),
    tables: made.flatMap(([signature]) =>
      [...signature.matchAll(/\bpublic\.(\w+)/g)].map((one) => one[1] ?? ''),
    ),
    comment: `${file.replaceAll(sep, '/')} ${hashOf(text)}`,
  }
}

/** Reads every function's file. */
export function readFunctions(): SqlFunction[] {
  const files = readdirSync(join(root, FOLDER), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .sort()
  return files.map((file) =>
    parsed(join(FOLDER, file), readFileSync(join(root, FOLDER, file), 'utf8').replaceAll('\r\n', '\n')),
  )
}

/** Comments of the functions in the database that come from files, by name. */
export type Present = Readonly<Record<string, string>>

/** The same as an expression, so that one query can return the whole state of the schema. */
export const present = sql<Present>`(
  select coalesce(jsonb_object_agg(p.proname, d.description), '{}') from pg_proc p
  join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
  where p.pronamespace = to_regnamespace('app'))`

export const isSame = (functions: readonly SqlFunction[], there: Present) =>
  functions.length === Object.keys(there).length &&
  functions.every(({ name, comment }) => there[name] === comment)

type Facts = { there: Present; tables: string[]; app: string; lookup: string }

/** Null if the functions' schema doesn't exist. */
async function look(tx: Kysely<unknown>): Promise<Facts | null> {
  const { rows } = await sql<{
    is: boolean
  }>`select to_regprocedure('app.role_lookup()') is not null as is`.execute(tx)
  if (!rows[0]?.is) return null
  const { rows: facts } = await sql<Facts>`
    select ${present} as there, app.role_app() as app, app.role_lookup() as lookup,
      array(select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r') as tables`.execute(
    tx,
  )
  return facts[0] ?? null
}

/** Creates missing functions, which tables may depend on. Changed ones wait until every table is up to date. */
export async function makeMissing(tx: Kysely<unknown>, functions: readonly SqlFunction[]): Promise<void> {
  const facts = await look(tx)
  if (facts)
    await make(
      tx,
      functions.filter(({ name }) => !facts.there[name]),
      facts,
    )
}

/**
 * Brings the database's functions to the files: creates new and changed ones, drops those without a file.
 * @param whole every table exists, so that the functions' bodies can be validated too
 */
export async function bringFunctions(
  tx: Kysely<unknown>,
  functions: readonly SqlFunction[],
  whole: boolean,
): Promise<void> {
  const facts = await look(tx)
  if (!facts) return
  const changed = functions.filter(({ name, comment }) => facts.there[name] !== comment)
  const known = new Set(functions.map(({ name }) => name))
  for (const name of Object.keys(facts.there).filter((one) => !known.has(one)))
    await sql`drop function ${sql.id('app', name)}`.execute(tx)
  await make(tx, changed, facts)
  if (whole) await validate(tx)
}

/** All in one round trip. */
async function make(tx: Kysely<unknown>, functions: readonly SqlFunction[], facts: Facts): Promise<void> {
  const ready = functions.filter(({ tables }) => tables.every((table) => facts.tables.includes(table)))
  if (!ready.length) return
  const roles: Record<string, string> = {
    app: quoted(facts.app),
    lookup: quoted(facts.lookup),
    owner: 'current_user',
  }
  const texts = ready.map(({ name, text, owner, callers, comment }) => {
    const others = ['app', 'lookup'].filter((role) => role !== owner).map((role) => roles[role])
    const granted = ['owner', ...callers].map((role) => roles[role])
    // changed arguments make another function; one that a table depends on is replaced in place
    const drop = `do $drop$ begin drop function app.${name}; exception when dependent_objects_still_exist then null; end $drop$;`
    return `${facts.there[name] ? drop : ''}
      ${text}
      comment on function app.${name} is '${comment}';
      alter function app.${name} owner to ${roles[owner]};
      revoke all on function app.${name} from public, ${others.join(', ')};
      grant execute on function app.${name} to ${granted.join(', ')};`
  })
  // bodies may refer to functions created later
  await sql
    .raw(`set local check_function_bodies = off; grant create on schema app to ${roles.lookup};
    ${texts.join('\n')}
    revoke create on schema app from ${roles.lookup}; set local check_function_bodies = on;`)
    .execute(tx)
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Raises the errors that creating them would have raised if every table had existed. */
async function validate(tx: Kysely<unknown>): Promise<void> {
  await sql`
    do $$
    declare f record;
    begin
      for f in select p.oid, p.proname as name, l.lanname as language from pg_proc p join pg_language l on l.oid = p.prolang
          where p.pronamespace = 'app'::regnamespace loop
        begin
          if f.language = 'sql' then perform fmgr_sql_validator(f.oid); else perform plpgsql_validator(f.oid); end if;
        exception when others then raise exception 'app.%: %', f.name, sqlerrm;
        end;
      end loop;
    end $$`.execute(tx)
}
