import fc from 'fast-check'
import type { Endpoint } from '#src/http/endpoint.ts'
import { Components } from '#src/http/json-schema.ts'
import { as } from '#tests/client.ts'
import { valid } from '#tests/http/arbitrary.ts'
import type { Person } from '#tests/people.ts'

const found = new Map<Endpoint, Record<string, never> | undefined>()

/** A body that an endpoint's schema lets through, so that a request comes as far as its record; the shortest of many. */
export function passing(endpoint: Endpoint): Record<string, never> | undefined {
  const { body } = endpoint
  if (!body || found.has(endpoint)) return found.get(endpoint)
  const components = new Components()
  const schema = components.resolved(components.of(body, 'input'))
  const all = fc.sample(
    valid(schema, () => []),
    { numRuns: 300, seed: 1 },
  )
  const [shortest] = all
    .filter((value) => body.safeParse(value).success)
    .sort((a, b) => JSON.stringify(a).length - JSON.stringify(b).length)
  found.set(endpoint, shortest as Record<string, never> | undefined)
  return found.get(endpoint)
}

/** The id of a record that a path's first part lists for somebody; null where it lists none. */
export async function firstOf(who: Person, path: string): Promise<string | null> {
  const answer = await as(who).get(`/api/${path.split('/')[1]}`)
  if (answer.status !== 200) return null
  const { data } = answer.json<{ data?: { id?: string }[] }>()
  return data?.[0]?.id ?? null
}
