import { zValidator } from '@hono/zod-validator'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { notFound } from '#src/errors.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { queryOf, refusedQuery } from '#src/http/input.ts'
import { pairsOf } from '#src/http/text.ts'
import type { Visit } from '#src/http/visit.ts'

const uuid = z.guid().toLowerCase()

/** Synchronous parsing lets zod use its compiled schema. */
const options = { validationFunction: (schema: z.ZodType, value: unknown) => schema.safeParse(value) }

/** Validators for the path and the query. */
export function validatorsOf({ path, query, csv }: Endpoint): MiddlewareHandler[] {
  const ids = [...path.matchAll(/:((?:\w+_)?id)\b/g)].map(([, name = '']) => [name, uuid] as const)
  const validators: MiddlewareHandler[] = []
  if (ids.length)
    validators.push(
      zValidator(
        'param',
        z.object(Object.fromEntries(ids)),
        ({ success }) => {
          if (!success) throw notFound()
        },
        options,
      ),
    )
  if (query)
    validators.push(
      zValidator(
        'query',
        csv ? z.preprocess(withoutFormat, query) : query,
        (result) => {
          if (!result.success) throw refusedQuery(result.error as z.ZodError)
        },
        options,
      ),
    )
  return validators
}

const withoutFormat = (sent: unknown) => {
  const { format: _, ...query } = sent as Record<string, string>
  return query
}

/** Parses the query string even for endpoints that use none. @throws {HttpError} 400 */
export function readQuery(visit: Visit): void {
  const { c, info } = visit
  if (c.req.url.includes('?')) visit.pairs = pairsOf(info.url.search.slice(1))
}

/** Each query field once, as storable text, and valid for the endpoint. */
export async function validate({ c, app, pairs }: Visit, endpoint: Endpoint): Promise<void> {
  const { format } = queryOf(pairs)
  if (endpoint.csv && format !== undefined && !['csv', 'json'].includes(format))
    throw new HttpError(400, 'format must be csv or json')
  await app.validate(endpoint, c)
}
