import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, send } from '#tests/client.ts'
import { conforms, openApiDocument, parametersOf } from '#tests/http/conformance.ts'
import { type Asked, type Known, requests, tagOf } from '#tests/http/requests.ts'
import { makePeople, type People } from '#tests/people.ts'

const long = process.env.AMBIT_LONG === '1'
const seed = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000_000)

/** Those that make something come first, those that take it away last, and what brings it back after them. */
const order = ['post', 'get', 'put', 'patch', 'delete']
const rank = (method: string, path: string) =>
  path.endsWith('/restore') ? 9 : method === 'post' && path.includes('{') ? 3.5 : order.indexOf(method)
const operations = Object.entries(openApiDocument.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  .sort((a, b) => rank(a.method, a.path) - rank(b.method, b.path))
const nameOf = ({ method, path }: { method: string; path: string }) => `${method.toUpperCase()} ${path}`

/** Fewer of each while routes are added, so that the whole stays quick. */
const runs = long ? 400 : Math.max(8, Math.min(60, Math.floor(4000 / operations.length)))

function ask(people: People, asked: Partial<Asked> & Pick<Asked, 'path' | 'who'>, method = 'get') {
  const { who, path, query = [], headers = {}, body } = asked
  const all: Record<string, string> = { Accept: 'application/json', ...headers }
  if (who !== 'anonymous') all.Authorization = `Bearer ${people[who].token}`
  const search = query.length ? `?${new URLSearchParams(query)}` : ''
  const init = { method: method.toUpperCase(), headers: all, ...(body === undefined ? {} : { body }) }
  return send(path + search, init)
}

/** An organization to do anything with, and what is there. */
type Place = { people: People; known: Record<string, Known[string]> }
let place: Place | undefined

/** The same as long as its owner is in and has their roles; what the operation is about is looked at anew. */
async function placeFor(path: string): Promise<Place> {
  if (place && (await ask(place.people, { who: 'owner', path: '/api/v1/roles' })).status === 200) {
    await look(place, tagOf(path))
    return place
  }
  place = { people: await makePeople(), known: {} }
  for (const tag of new Set(operations.map((one) => tagOf(one.path)))) await look(place, tag)
  return place
}

/** The first page of a list, and of its deleted ones. */
async function look({ people, known }: Place, tag: string): Promise<void> {
  const list = operations.find(
    ({ method, path }) => method === 'get' && tagOf(path) === tag && path.split('/').length === 4,
  )
  if (!list) return
  const deleted = parametersOf(list.operation).some(({ name }) => name === 'deleted')
  const records = [
    ...(await listed(people, list.path)),
    ...(deleted ? await listed(people, list.path, true) : []),
  ]
  if (records.length) known[tag] = records
}

/** Without the owner: what is done to them ends everything. */
async function listed(people: People, path: string, deleted = false): Promise<Known[string]> {
  const query: [string, string][] = deleted ? [['deleted', 'true']] : []
  const { status, text, headers } = await ask(people, { who: 'owner', path, query })
  if (status !== 200 || !headers.get('content-type')?.startsWith('application/json')) return []
  const { data } = JSON.parse(text) as { data?: Known[string] }
  return Array.isArray(data) ? data.filter(({ id }) => id && id !== people.owner.id).slice(0, 20) : []
}

function wrong(answer: Answer, { path }: Asked, method: string): string[] {
  const found = conforms(method, path, answer)
  return answer.status < 500 ? found : [`a ${answer.status}: ${answer.text}`, ...found]
}

describe(`every operation, whatever it is sent (seed ${seed})`, () => {
  const succeeded = new Set<string>()

  test.each(operations.map((one) => [nameOf(one), one] as const))(
    '%s',
    async (name, one) => {
      const { method, operation } = one
      const open = operation.security.length === 0
      const { people, known } = await placeFor(one.path)
      const property = fc.asyncProperty(requests(one, known), async (asked) => {
        const answer = await ask(people, asked, method)
        expect(wrong(answer, asked, method)).toEqual([])
        if (asked.who === 'anonymous' && !open) expect(answer.status).toBeGreaterThanOrEqual(400)
        if (asked.who === 'owner' && answer.status < 300) succeeded.add(name)
      })
      // passwords take their time
      const signsIn = one.path.includes('/auth/')
      await fc.assert(property, { seed, numRuns: signsIn && !long ? 4 : runs, endOnFailure: true })
    },
    long ? 300_000 : 30_000,
  )

  test('most of them did something', () => {
    const idle = operations.map(nameOf).filter((name) => !succeeded.has(name))
    console.info(`${idle.length} of ${operations.length} operations never succeeded: ${idle.join(', ')}`)
    expect(idle.length).toBeLessThan(operations.length * 0.75)
  })
})
