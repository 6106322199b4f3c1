import { z } from 'zod'
import { everybody, get } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { paths } from '#src/paths.ts'

const monitors = everybody('load balancers call it, and learn only whether it works')

const healthAnswer = z.strictObject({ status: z.enum(['ok', 'ready']) })

export const healthRoutes = [
  get(
    paths.health,
    monitors,
    { only: 'json', rate: 'none', answer: healthAnswer, summary: 'Check that the process is running' },
    () => ({ json: { status: 'ok' } }),
  ),
  get(
    paths.ready,
    monitors,
    { only: 'json', rate: 'none', answer: healthAnswer, summary: 'Check that the database is reachable' },
    async ({ db }) => {
      if (!(await db.ready()))
        throw new HttpError(503, 'The database does not answer.', { headers: { 'Retry-After': '2' } })
      return { json: { status: 'ready' } }
    },
  ),
]
