import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { fold } from '#src/db/fold.ts'
import { fn } from '#src/db/functions.ts'

/** A search term: a word of the record begins like this, or it has one of these tags. */
export type Term = { model: string } & ({ begins: string } | { tags: readonly string[] })

/** All terms must match; the search starts from the first. */
export type Search = readonly [Term, ...Term[]]

const MAX_WORDS = 6
/** The search index truncates words to this many characters. */
const LONGEST = 64
/** Up to this many index entries, a look-up by key beats walking the list. */
const FEW = 5000

/** Splits input like `app.searchable` splits stored text; longest word first, as it is probably the rarest. */
export const wordsOf = (q: string): string[] =>
  fold(q)
    .split(/[^\p{Alphabetic}\p{N}]+/u)
    .filter(Boolean)
    .slice(0, MAX_WORDS)
    .map((word) => [...word].slice(0, LONGEST).join(''))
    .sort((a, b) => b.length - a.length)

/** The words of a query, as terms for a model's records. */
export const wordsIn = (model: string, q: string): Term[] => wordsOf(q).map((begins) => ({ model, begins }))

/** Tags of a column, as `app.tagged` stores them. */
export const taggedWith = (model: string, column: string, tags: readonly string[]): Term => ({
  model: `${model}#${column}`,
  tags,
})

/** Null if there is nothing to search for. */
export const searchFor = (...[first, ...others]: readonly Term[]): Search | null =>
  first ? [first, ...others] : null

/** Condition for a term's entries: only plain text operators can use the index under row security. */
function held(term: Term): RawBuilder<SqlBool> {
  const found =
    'begins' in term
      ? sql`w.word >= ${fn.fold({ value: term.begins })} and w.word < ${fn.fold({ value: term.begins })} || U&'\\+10FFFF'`
      : term.tags.length === 1
        ? sql`w.word = ${term.tags[0]}`
        : sql`w.word = any (${term.tags}::text[])`
  return sql<SqlBool>`w.model = ${term.model} and ${found}`
}

/** How many entries each term has, counted up to one past `FEW`. */
export const entries = (search: Search): RawBuilder<{ entries: number[] }> =>
  sql`select array[${sql.join(
    search.map(
      (term) =>
        sql`(select count(*)::int from (select from search_words w where ${held(term)} limit ${sql.lit(FEW + 1)}) w)`,
    ),
  )}] as entries`

/** The search with its rarest term first, and whether that has few enough entries to start from. */
export function ranked(search: Search, entries: readonly number[]): { search: Search; few: boolean } {
  const of = (term: Term) => entries[search.indexOf(term)] ?? 0
  const sorted = search.toSorted((a, b) => of(a) - of(b)) as unknown as Search
  return { search: sorted, few: of(sorted[0]) <= FEW }
}

/** Whether a record matches a term, as a look-up per record: `offset` keeps the planner from joining all entries. */
const probe = (table: string, term: Term) => sql`exists (
    select from search_words w where w.org_id = ${sql.ref(`${table}.org_id`)}
      and w.record_id = ${sql.ref(`${table}.id`)} and ${held(term)} offset 0)`

/** The condition for records that match every term, starting from the first term's entries. */
export function searched(table: string, [first, ...others]: Search): RawBuilder<SqlBool> {
  const hits = sql`${sql.ref(`${table}.id`)} = any (array(select w.record_id from search_words w where ${held(first)}))`
  return sql<SqlBool>`(${sql.join([hits, ...others.map((term) => probe(table, term))], sql` and `)})`
}

/** The same, checked per record of a list walked in its order. */
export const probed = (table: string, search: Search): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${sql.join(
    search.map((term) => probe(table, term)),
    sql` and `,
  )})`
