import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { fold } from '#src/db/fold.ts'
import { fn } from '#src/db/functions.ts'

/** What the index of words has to hold of a record: a word that begins so, or one of these tags. */
export type Term = { model: string } & ({ begins: string } | { tags: readonly string[] })

/** All of them have to hold. The first is what a search begins with. */
export type Search = readonly [Term, ...Term[]]

const MAX_WORDS = 6
/** Words of the index are cut after so many characters. */
const LONGEST = 64
/** So many entries of the index are looked up by key sooner than the order of the list is walked. */
const FEW = 5000

/** Splits what was typed as `app.searchable` splits what is stored; the longest word and so the rarest first. */
export const wordsOf = (q: string): string[] =>
  fold(q)
    .split(/[^\p{Alphabetic}\p{N}]+/u)
    .filter(Boolean)
    .slice(0, MAX_WORDS)
    .map((word) => [...word].slice(0, LONGEST).join(''))
    .sort((a, b) => b.length - a.length)

/** Words of a model's records. */
export const wordsIn = (model: string, q: string): Term[] => wordsOf(q).map((begins) => ({ model, begins }))

/** Tags of a column, as `app.tagged` stores them. */
export const taggedWith = (model: string, column: string, tags: readonly string[]): Term => ({
  model: `${model}#${column}`,
  tags,
})

/** Null where there is nothing to search for. */
export const searchFor = (...[first, ...others]: readonly Term[]): Search | null =>
  first ? [first, ...others] : null

/** Entries of a term; plain operators on text alone keep their index under row security. */
function held(term: Term): RawBuilder<SqlBool> {
  const found =
    'begins' in term
      ? sql`w.word >= ${fn.fold({ value: term.begins })} and w.word < ${fn.fold({ value: term.begins })} || U&'\\+10FFFF'`
      : term.tags.length === 1
        ? sql`w.word = ${term.tags[0]}`
        : sql`w.word = any (${term.tags}::text[])`
  return sql<SqlBool>`w.model = ${term.model} and ${found}`
}

/** How many entries each term has, counted up to one past few. */
export const entries = (search: Search): RawBuilder<{ entries: number[] }> =>
  sql`select array[${sql.join(
    search.map(
      (term) =>
        sql`(select count(*)::int from (select from search_words w where ${held(term)} limit ${sql.lit(FEW + 1)}) w)`,
    ),
  )}] as entries`

/** The rarest term first, and whether it has so few entries that a search begins with them. */
export function ranked(search: Search, entries: readonly number[]): { search: Search; few: boolean } {
  const of = (term: Term) => entries[search.indexOf(term)] ?? 0
  const sorted = search.toSorted((a, b) => of(a) - of(b)) as unknown as Search
  return { search: sorted, few: of(sorted[0]) <= FEW }
}

/** Whether a record has it, looked up for that record: `offset` keeps the planner from joining all entries. */
const probe = (table: string, term: Term) => sql`exists (
    select from search_words w where w.org_id = ${sql.ref(`${table}.org_id`)}
      and w.record_id = ${sql.ref(`${table}.id`)} and ${held(term)} offset 0)`

/** The condition for records that have all of it, beginning with the entries of the first. */
export function searched(table: string, [first, ...others]: Search): RawBuilder<SqlBool> {
  const hits = sql`${sql.ref(`${table}.id`)} = any (array(select w.record_id from search_words w where ${held(first)}))`
  return sql<SqlBool>`(${sql.join([hits, ...others.map((term) => probe(table, term))], sql` and `)})`
}

/** The same, for each record of a list that is walked in its order. */
export const probed = (table: string, search: Search): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${sql.join(
    search.map((term) => probe(table, term)),
    sql` and `,
  )})`
