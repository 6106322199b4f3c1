import { titles } from '#src/http/errors.ts'

// What the document's operations refer to.

const TAG = '"3-9f86d081884c7d659a2feaa0c55ad015"'

const text = (description: string) => ({ type: 'string', description })

/** problem+json (RFC 9457), as every error is. */
export const problem = {
  type: 'object',
  description: 'What went wrong (RFC 9457).',
  properties: {
    type: text('Names the kind of problem; about:blank where the status says it all.'),
    title: text('The status in words.'),
    status: { type: 'integer' },
    detail: text('The problem, in words for a person.'),
    instance: text('The path that was asked for.'),
    request_id: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      description: 'Each field that is wrong.',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string' },
          message: { type: 'string' },
          line: { type: ['integer', 'null'], description: 'Of a file that was sent.' },
          column: { type: ['string', 'null'] },
          value: { type: ['string', 'null'] },
        },
        required: ['path', 'message'],
      },
    },
    current: { description: 'The record as it stands, for a 412.' },
  },
  required: ['type', 'title', 'status', 'detail', 'instance', 'request_id'],
}

export const parameters = {
  format: {
    name: 'format',
    in: 'query',
    description: 'Says what Accept would: a file, or JSON.',
    schema: { type: 'string', enum: ['csv', 'json'] },
  },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The version that was seen: an ETag, or the record’s version alone in quotation marks; a different version by now is a 412.',
    schema: { type: 'string', examples: ['"3"', TAG] },
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same request with the same key, within 24 hours, is done once and answered alike.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
}

const header = (description: string, more: object = {}) => ({
  description,
  schema: { type: 'string', ...more },
})

export const headers = {
  ETag: header(
    'Tells this answer from any other, for If-None-Match; starts with the version of the record.',
    {
      examples: [TAG],
    },
  ),
  Location: header('Where the new record is.'),
  Link: header('The pages beside this one: rel="next", rel="prev" (RFC 8288).'),
  'Idempotency-Replayed': header('true where nothing was done, because it had been done before.'),
  'Retry-After': header('Seconds to wait.'),
  'WWW-Authenticate': header('Bearer'),
}

const special: Record<number, keyof typeof headers> = {
  401: 'WWW-Authenticate',
  429: 'Retry-After',
  503: 'Retry-After',
}

/** Of a method that the document doesn't have: no operation answers so. */
const NEVER = '405'

/** A response for every status that an operation may refuse with. */
export const problems = Object.fromEntries(
  Object.entries(titles)
    .filter(([status]) => status !== NEVER)
    .map(([status, description]) => {
      const name = special[Number(status)]
      return [
        status,
        {
          description,
          ...(name ? { headers: { [name]: { $ref: `#/components/headers/${name}` } } } : {}),
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
        },
      ]
    }),
)
