import { type RawBuilder, type SqlBool, sql } from 'kysely'

/** What is searched for: words that each begin a word of the record, the longest and so rarest first. */
export type Search = { model: string; words: readonly [string, ...string[]] }

const MOST_WORDS = 6
/** Words of the index are cut after so many characters. */
const LONGEST = 64
/** So many entries of the index are looked up by key sooner than the order of the list is walked. */
export const FEW = 5000

/** Splits what was typed as `app.searchable` splits what is stored; null where there is nothing to search for. */
export function searchFor(model: string, q: string): Search | null {
  const [first, ...others] = q
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .split(/[^\p{Alphabetic}\p{N}]+/u)
    .filter(Boolean)
    .slice(0, MOST_WORDS)
    .map((word) => [...word].slice(0, LONGEST).join(''))
    .sort((a, b) => b.length - a.length)
  return first === undefined ? null : { model, words: [first, ...others] }
}

const begins = (word: string) =>
  sql`w.word >= app.fold(${word}) and w.word < app.fold(${word}) || U&'\\+10FFFF'`

/** How many entries the first word has, counted up to one past few. */
export const entries = ({ model, words: [first] }: Search): RawBuilder<{ entries: number }> =>
  sql`select count(*)::int as entries from (
    select from search_words w where w.model = ${model} and ${begins(first)} limit ${sql.lit(FEW + 1)}) w`

/** Whether a record has a word, looked up for that record: `offset` keeps the planner from joining all entries. */
const probe = (table: string, model: string, word: string) => sql`exists (
    select from search_words w where w.org_id = ${sql.ref(`${table}.org_id`)} and w.model = ${model}
      and w.record_id = ${sql.ref(`${table}.id`)} and ${begins(word)} offset 0)`

/** The condition for records that have every word, beginning with the entries of the first. */
export function searched(table: string, { model, words }: Search): RawBuilder<SqlBool> {
  const [first, ...others] = words
  const hits = sql`${sql.ref(`${table}.id`)} = any (array(
    select w.record_id from search_words w where w.model = ${model} and ${begins(first)}))`
  return sql<SqlBool>`(${sql.join([hits, ...others.map((word) => probe(table, model, word))], sql` and `)})`
}

/** The same, for each record of a list that is walked in its order. */
export const probed = (table: string, { model, words }: Search): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${sql.join(
    words.map((word) => probe(table, model, word)),
    sql` and `,
  )})`
