import { z } from 'zod'
import { everybody, get } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'

const monitors = everybody('load balancers ask, and learn nothing but yes or no')

const healthAnswer = z.strictObject({ status: z.enum(['ok', 'ready']) })

export const healthRoutes = [
  get(
    paths.health,
    monitors,
    { only: 'json', rate: 'none', answer: healthAnswer, summary: 'Whether the process runs' },
    () => ({ json: { status: 'ok' } }),
  ),
  get(
    paths.ready,
    monitors,
    { only: 'json', rate: 'none', answer: healthAnswer, summary: 'Whether it has its database' },
    async ({ db }) => {
      if (!(await db.ready()))
        throw new HttpError(503, 'The database does not answer.', { headers: { 'Retry-After': '2' } })
      return { json: { status: 'ready' } }
    },
  ),
]
