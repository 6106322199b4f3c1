import { z } from 'zod'
import { type Cursor, decodeCursor, type KeyType, type Tie } from '#src/db/paging.ts'
import { Malformed } from '#src/errors.ts'
import { wholeNumber } from '#src/locale/instructions.ts'
import { type Condition, type FilterDeclaration, parametersOf } from '#src/resource/kinds/parameters.ts'

/** What a list supports: each sort with its column, each filter with its values or type. */
export type ListDeclaration = {
  /** Name in the URL → column and its type. */
  sorts: Record<string, readonly [column: string, type: KeyType]>
  defaultSort: string
  /** Breaks ties in the sort; ids by default. */
  tie?: Tie
  filters: Record<string, FilterDeclaration>
  /** Whether the list can be searched: otherwise `q` is an unknown field. */
  searched?: boolean
}

/** A list as requested. */
export type ListView = {
  q: string
  /** Values per field (`status`, `created_at.gte`); an absent filter lets everything through. */
  filters: Readonly<Record<string, readonly string[]>>
  /** The same for `filtered`, without filters that the list handles itself. */
  conditions: readonly Condition[]
  /** As in the URL: `name`, `-created_at`. */
  sort: string
  column: string
  type: KeyType
  tie: Tie
  descending: boolean
  limit: number
  after: Cursor | null
  before: Cursor | null
  offset: number
}

const words = z
  .string()
  .max(200)
  .meta({ description: 'Search words; each matches the start of a word in the record.' })
  .default('')

/** The schema of a list's query string: anything undeclared is a 400 that names it. */
export function listQuery(declaration: ListDeclaration) {
  const { sorts, filters, defaultSort, tie = 'id', searched = true } = declaration
  const sortable = Object.keys(sorts).flatMap((sort) => [sort, `-${sort}`])
  const number = (min: number, max: number) =>
    z
      .string()
      .regex(/^\d{1,6}$/, wholeNumber(min, max))
      .transform(Number)
      .pipe(z.int().min(min, wholeNumber(min, max)).max(max, wholeNumber(min, max)))
  const cursor = (what: string) =>
    z
      .string()
      .max(2000)
      .optional()
      .meta({ description: `Records ${what}.` })
  const parameters = Object.entries(filters).flatMap(([name, filter]) => parametersOf(name, filter))
  const names = parameters.map(({ name }) => name)
  const known = [...(searched ? ['q'] : []), 'sort', 'limit', 'after', 'before', 'offset', ...names]
  const shape = {
    sort: z.enum(sortable as [string, ...string[]]).default(defaultSort),
    limit: number(1, 200).default(25).meta({ description: 'Records per page; 25 by default.' }),
    after: cursor('after this cursor: the `next` of a page'),
    before: cursor('before this cursor: the `previous` of a page'),
    offset: number(0, 10_000).default(0).meta({ description: 'Records to skip.' }),
    ...Object.fromEntries(parameters.map(({ name, schema }) => [name, schema.optional()])),
  }
  return z
    .object({ ...(searched ? { q: words } : {}), ...shape })
    .catchall(z.string())
    .transform((query): ListView => {
      const given = query as Record<string, unknown> & { q?: string } & z.infer<z.ZodObject<typeof shape>>
      const unknown = Object.keys(given).filter((name) => !known.includes(name))
      if (unknown.length)
        throw new Malformed(`${unknown.join(', ')}: no such parameter; choose from ${known.join(', ')}`)
      const { q = '', sort, limit, offset, after, before } = given
      const [column, type] = sorts[sort.replace(/^-/, '')] as readonly [string, KeyType]
      const chosen = parameters.flatMap((parameter) => {
        const values = given[parameter.name] as string[] | undefined
        return values ? [{ ...parameter, values }] : []
      })
      return {
        q: q.trim(),
        filters: Object.fromEntries(chosen.map(({ name, values }) => [name, values])),
        conditions: chosen.map(({ condition, values }) => condition(values)).filter((one) => one !== null),
        sort,
        column,
        type,
        tie,
        descending: sort.startsWith('-'),
        limit,
        after: after ? decodeCursor(after, sort, type, tie) : null,
        before: before ? decodeCursor(before, sort, type, tie) : null,
        offset,
      }
    })
}
