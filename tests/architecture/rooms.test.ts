import { expect, test } from 'vitest'
import { read, type Source, target } from '#tests/architecture/graph.ts'

const sources = read('src').filter(({ path }) => !path.includes('.test.'))
const domains = sources.filter(({ path }) => path.startsWith('src/domains/'))
/** `src/domains/people/users/form-views.tsx` → context, noun, name, kind. */
const placeOf = (path: string) => {
  const parts = path.split('/').slice(2)
  const name = (parts.at(-1) ?? '').replace(/\.tsx?$/, '')
  const [context = '', noun = null] = parts.length > 2 ? parts : [parts[0]]
  return { context, noun, name, depth: parts.length, kind: KIND.exec(name)?.[1] ?? null }
}

/** The five names; a word before one says which half it is, where one file would pass its alarm. */
const KIND = /^(?:[a-z]+-)?(model|queries|actions|routes|views)$/
/** What a noun has beside them, each for a reason. */
const further: Readonly<Record<string, readonly string[]>> = {
  'accounts/passwords': ['mails'],
  'accounts/second-factor': ['mails'],
  'accounts/security': ['mails'],
  // tokens as JSON, for each of the ways to get them
  'accounts/tokens': ['answer'],
  // one importer for requests and the command line
  'people/import': ['importer'],
  'people/invitations': ['mails'],
  // what can be chosen, from every context
  'shell/palette': ['entries'],
  // an event as a sentence, and what it changed
  'trail/events': ['words', 'changes', 'updates'],
}
/** What the nouns of a context share stands beside its `domain.ts`. */
const shared: Readonly<Record<string, readonly string[]>> = {
  accounts: [
    'account',
    'code',
    'device',
    'fields',
    'letters',
    'link',
    'me-frame',
    'model',
    'origin',
    'proof',
    'recovery-codes',
    'session-rotation',
    'totp',
  ],
  shell: ['navigation'],
}

test('a context holds nouns, a noun holds the five names', () => {
  const strange = domains.filter(({ path }) => {
    const { context, noun, name, depth, kind } = placeOf(path)
    if (depth === 2) return name !== 'domain' && !shared[context]?.includes(name)
    return depth !== 3 || !(kind || further[`${context}/${noun}`]?.includes(name))
  })
  expect(strange.map(({ path }) => path)).toEqual([])
  const contexts = new Set(domains.map(({ path }) => placeOf(path).context))
  const told = domains.filter(({ path }) => placeOf(path).name === 'domain')
  expect(told.map(({ path }) => placeOf(path).context)).toEqual([...contexts])
  expect(contexts.size).toBeGreaterThan(5)
})

/** `room → room` for every import between two, types too: what is drawn together has to be read together. */
function arrows(roomOf: (path: string) => string | null, among: readonly Source[] = sources) {
  const found = new Map<string, Map<string, string>>()
  for (const { path, imports } of among) {
    const from = roomOf(path)
    for (const { specifier } of from ? imports : []) {
      const to = roomOf(target(path, specifier))
      if (from && to && from !== to) {
        const tos = found.get(from) ?? new Map<string, string>()
        found.set(from, tos.set(to, `${path} → ${specifier}`))
      }
    }
  }
  return found
}

/** Every way from a room back to it. */
function circles(found: ReturnType<typeof arrows>): string[] {
  const met = new Set<string>()
  const over = new Set<string>()
  const walk = (way: string[]): void => {
    for (const [next] of found.get(way.at(-1) as string) ?? []) {
      if (way.includes(next)) met.add([...way.slice(way.indexOf(next)), next].join(' → '))
      else if (!over.has(next)) walk([...way, next])
    }
    over.add(way.at(-1) as string)
  }
  for (const room of found.keys()) walk([room])
  return [...met]
}

test('circles are seen', () => {
  const found = new Map([
    ['a', new Map([['b', '']])],
    ['b', new Map([['c', '']])],
    ['c', new Map([['a', '']])],
  ])
  expect(circles(found)).toEqual(['a → b → c → a'])
})

test('the folders of the program stand above each other, without a circle', () => {
  const found = arrows((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? null)
  expect(circles(found)).toEqual([])
  expect([...(found.get('domains')?.keys() ?? [])]).toContain('resource')
})

/** From the top: each may lean on what stands after it. */
const order = ['shell', 'access', 'organizations', 'trail', 'people', 'roles', 'accounts']

test('contexts lean on those beneath them alone', () => {
  const found = arrows((path) => (path.startsWith('src/domains/') ? placeOf(path).context : null), domains)
  const upwards = [...found].flatMap(([from, tos]) =>
    [...tos].flatMap(([to, why]) => (order.indexOf(from) < order.indexOf(to) ? [] : [why])),
  )
  expect(upwards).toEqual([])
  expect([...new Set(domains.map(({ path }) => placeOf(path).context))].sort()).toEqual([...order].sort())
})

test('no two nouns need each other, and what they share needs none of them', () => {
  const found = arrows((path) => {
    const { context, noun, name } = placeOf(path)
    return path.startsWith('src/domains/') && name !== 'domain' ? `${context}/${noun ?? ''}` : null
  }, domains)
  expect(circles(found)).toEqual([])
})

test('no two features of the kernel need each other', () => {
  expect(circles(arrows((path) => /^src\/resource\/([^/]+)\//.exec(path)?.[1] ?? null))).toEqual([])
})

const lines = ({ text }: Source) => text.split('\n').length - 1

test('a file that has grown past its alarm lacks a noun', () => {
  const made = ['src/db/types.ts']
  const large = [...read('src'), ...read('tests')].filter(
    (source) => lines(source) > 300 && !made.includes(source.path) && !source.path.includes('node_modules'),
  )
  expect(large.map((source) => `${source.path}: ${lines(source)}`)).toEqual([])
  const handlers = sources.filter((source) => /routes\.tsx?$/.test(source.path) && lines(source) > 120)
  expect(handlers.map((source) => `${source.path}: ${lines(source)}`)).toEqual([])
})
