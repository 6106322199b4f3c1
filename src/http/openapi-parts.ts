import { titles } from '#src/http/errors.ts'

const TAG = '"3-9f86d081884c7d659a2feaa0c55ad015"'

const text = (description: string) => ({ type: 'string', description })

export const problem = {
  type: 'object',
  description: 'A problem (RFC 9457).',
  properties: {
    type: text('The kind of problem; about:blank if the status says it all.'),
    title: text('The status in words.'),
    status: { type: 'integer' },
    detail: text('An explanation for people.'),
    instance: text('The requested path.'),
    request_id: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      description: 'One entry for each invalid field.',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string' },
          message: { type: 'string' },
          line: { type: ['integer', 'null'], description: 'In an uploaded file.' },
          column: { type: ['string', 'null'] },
          value: { type: ['string', 'null'] },
        },
        required: ['path', 'message'],
      },
    },
    current: { description: 'With a 412, the current record.' },
  },
  required: ['type', 'title', 'status', 'detail', 'instance', 'request_id'],
}

export const parameters = {
  format: {
    name: 'format',
    in: 'query',
    description: 'Overrides Accept: a file, or JSON.',
    schema: { type: 'string', enum: ['csv', 'json'] },
  },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The version you read: an ETag, or the record’s version in quotation marks. If the record has changed since, the response is 412.',
    schema: { type: 'string', examples: ['"3"', TAG] },
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Requests with the same key within 24 hours are carried out once and get the same response.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
}

const header = (description: string, more: object = {}) => ({
  description,
  schema: { type: 'string', ...more },
})

export const headers = {
  ETag: header('Identifies this response, for If-None-Match; starts with the record’s version.', {
    examples: [TAG],
  }),
  Location: header('The new record.'),
  Link: header('The next and previous page: rel="next", rel="prev" (RFC 8288).'),
  'Idempotency-Replayed': header('true if an earlier request with the same key was already carried out.'),
  'Retry-After': header('Seconds to wait.'),
  'WWW-Authenticate': header('Bearer'),
}

const special: Record<number, keyof typeof headers> = {
  401: 'WWW-Authenticate',
  429: 'Retry-After',
  503: 'Retry-After',
}

const NEVER = '405'

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
