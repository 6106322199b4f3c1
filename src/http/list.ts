import { z } from 'zod'
import { type Cursor, decodeCursor } from '#src/db/paging.ts'
import { HttpError } from '#src/http/errors.ts'

/** What a list offers: each sort with its column, each filter with its values. */
export type ListDeclaration = {
  /** Name in the address → column and its type. */
  sorts: Record<string, readonly [column: string, type: 'text' | 'timestamptz']>
  defaultSort: string
  filters: Record<string, readonly string[]>
}

/** A list as it is asked for. */
export type ListView = {
  q: string
  /** Values per filter; a filter that is absent lets everything through. */
  filters: Readonly<Record<string, readonly string[]>>
  /** As in the address: `name`, `-created_at`. */
  sort: string
  column: string
  type: 'text' | 'timestamptz'
  descending: boolean
  limit: number
  after: Cursor | null
  before: Cursor | null
  offset: number
}

/** The schema of a list's address: anything that isn't declared is a 400 that names it. */
export function listQuery(declaration: ListDeclaration) {
  const { sorts, filters, defaultSort } = declaration
  const sortable = Object.keys(sorts).flatMap((sort) => [sort, `-${sort}`])
  const number = (min: number, max: number) =>
    z
      .string()
      .regex(/^\d{1,6}$/, 'must be a number')
      .transform(Number)
      .pipe(z.number().min(min).max(max))
  const known = ['q', 'sort', 'limit', 'after', 'before', 'offset', ...Object.keys(filters)]
  const shape = {
    q: z.string().max(200).default(''),
    sort: z
      .enum(sortable as [string, ...string[]], `must be one of ${sortable.join(', ')}`)
      .default(defaultSort),
    limit: number(1, 200).default(25),
    after: z.string().max(2000).optional(),
    before: z.string().max(2000).optional(),
    offset: number(0, 10_000).default(0),
    ...Object.fromEntries(Object.entries(filters).map(([name, values]) => [name, choice(values)])),
  }
  return z
    .object(shape)
    .catchall(z.string())
    .transform((query): ListView => {
      const given = query as Record<string, unknown> & z.infer<z.ZodObject<typeof shape>>
      const unknown = Object.keys(given).filter((name) => !known.includes(name))
      if (unknown.length)
        throw new HttpError(400, `${unknown.join(', ')} is not known here; known: ${known.join(', ')}`)
      const { q, sort, limit, offset, after, before } = given
      const [column, type] = sorts[sort.replace(/^-/, '')] as readonly [string, 'text' | 'timestamptz']
      return {
        q: q.trim(),
        filters: Object.fromEntries(
          Object.keys(filters).flatMap((name) => (Array.isArray(given[name]) ? [[name, given[name]]] : [])),
        ),
        sort,
        column,
        type,
        descending: sort.startsWith('-'),
        limit,
        after: after ? decodeCursor(after, sort, type) : null,
        before: before ? decodeCursor(before, sort, type) : null,
        offset,
      }
    })
}

const choice = (values: readonly string[]) =>
  z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .refine((list) => list.every((value) => values.includes(value)), `must be among ${values.join(', ')}`)
    .transform((list) => (list.length ? list : undefined))
    .optional()
