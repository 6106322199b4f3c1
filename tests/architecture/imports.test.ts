import { expect, test } from 'vitest'
import { importsOf, reaches, read, type Source, target, withoutComments } from '#tests/architecture/graph.ts'

const sources = read('src')
const others = read('migrations', 'seeds')
const byPath = new Map(sources.map((source) => [source.path, source]))
const below = (folder: string) => (path: string) => path.startsWith(`src/${folder}/`)
const domain = (kind: string) => (path: string) => new RegExp(`^src/domains/.*\\b${kind}\\.tsx?$`).test(path)
const isPackage = (name: string) => (to: string) => to === name || to.startsWith(`${name}/`)

/** `from → to` for every import that breaks a rule; types count only where asked. */
function breaches(
  from: (path: string) => boolean,
  to: (path: string) => boolean,
  { types = false, among = sources }: { types?: boolean; among?: readonly Source[] } = {},
): string[] {
  return among
    .filter(({ path }) => from(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, typeOnly }) => (types || !typeOnly) && to(target(path, specifier)))
        .map(({ specifier }) => `${path} → ${specifier}`),
    )
}

/** The same over everything that a file reaches. */
const waysTo = (from: (path: string) => boolean, to: (path: string) => boolean) =>
  sources
    .filter(({ path }) => from(path))
    .flatMap(({ path }) =>
      [...reaches(path, byPath)].filter(([end]) => to(end)).map(([, way]) => way.join(' → ')),
    )

test('the parser sees every kind of import', () => {
  const text = `import a from 'a'
import type { B } from 'b'
import {
  c,
  type D,
} from '#src/c.ts'
import 'e'
export * from 'f'
// import 'no' and /* import 'no' */
/** import x from 'no' */
const g = await import('g'), h = import(\`./\${h}.ts\`)
const url = 'http://example.com' // import 'no'`
  expect(
    importsOf(text).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier)),
  ).toEqual(['a', 'type b', '#src/c.ts', 'e', 'f', 'g', '(computed)'])
  expect(sources.length).toBeGreaterThan(80)
  expect(reaches('src/db/open.ts', byPath).get('src/db/one-trip.ts')).toEqual([
    'src/db/open.ts',
    'src/db/database.ts',
    'src/db/one-trip.ts',
  ])
})

test('what is below the domains does not know them', () => {
  const lower = (path: string) =>
    ['access', 'db', 'http', 'resource', 'ui', 'platform'].some((folder) => below(folder)(path))
  expect(breaches(lower, below('domains'), { types: true })).toEqual([])
  const above = (path: string) => /^src\/[^/]+$/.test(path) && !/^src\/(app|worker|cli|main)\.ts$/.test(path)
  expect(breaches(above, below('domains'), { types: true })).toEqual([])
})

test('only seeds and migrations are loaded by a computed name', () => {
  expect(
    breaches(
      () => true,
      (to) => to === '(computed)',
    ),
  ).toEqual(['src/db/migrate.ts → (computed)', 'src/db/seed.ts → (computed)'])
})

test('model, queries and actions are free of the web', () => {
  const free = (path: string) => ['model', 'queries', 'actions'].some((kind) => domain(kind)(path))
  expect(sources.filter(({ path }) => free(path)).length).toBeGreaterThan(5)
  expect(
    waysTo(free, (to) => isPackage('hono')(to) || isPackage('@hono')(to) || to.endsWith('.tsx')),
  ).toEqual([])
})

test('only what answers HTTP knows how errors are said in it', () => {
  const answers = (path: string) => below('http')(path) || domain('routes')(path)
  const said = (to: string) => to === 'src/http/errors.ts'
  expect(breaches((path) => !answers(path), said, { types: true })).toEqual([])
  // the positive twin: what is thrown instead is there, and stays below
  expect(breaches(domain('actions'), (to) => to === 'src/errors.ts')).not.toEqual([])
  expect(waysTo((path) => path === 'src/errors.ts', below('http'))).toEqual([])
})

test('views get props and give markup: no database, no context', () => {
  const views = domain('views')
  expect(sources.filter(({ path }) => views(path)).length).toBeGreaterThan(2)
  const forbidden = (to: string) =>
    below('db')(to) ||
    below('access')(to) ||
    isPackage('kysely')(to) ||
    /\/(queries|actions|routes)\.tsx?$/.test(to)
  expect(breaches(views, forbidden)).toEqual([])
  expect(
    breaches(
      (path) => views(path) || below('ui')(path),
      (to) => to === 'hono',
      { types: true },
    ),
  ).toEqual([])
  const door = (to: string) =>
    to === 'src/db/database.ts' || to === 'src/db/pool.ts' || to === 'pg' || to === 'src/http/mount.ts'
  expect(waysTo((path) => views(path) || below('ui')(path), door)).toEqual([])
})

test('routes build no SQL', () => {
  expect(breaches(domain('routes'), isPackage('kysely'))).toEqual([])
})

test('only the door knows the driver', () => {
  const outside = (path: string) => !below('db')(path)
  const pg = (to: string) => isPackage('pg')(to) || /^pg-(?!boss$)/.test(to) || isPackage('postgres')(to)
  expect(breaches(outside, pg, { types: true })).toEqual([])
  expect(breaches(() => true, pg, { types: true, among: others })).toEqual([])
  // the queue runs on the door's pool
  expect(
    breaches(
      (path) => path !== 'src/platform/jobs/jobs.ts',
      (to) => to === 'pg-boss',
      { types: true },
    ),
  ).toEqual([])
  const builds = sources.filter(
    ({ path, text }) => outside(path) && /new (Kysely|PostgresDialect|pg\.\w+)\b/.test(withoutComments(text)),
  )
  expect(builds.map(({ path }) => path)).toEqual([])
})

test('nothing that answers HTTP can act as the system', () => {
  const http = (path: string) =>
    below('http')(path) || domain('routes')(path) || domain('views')(path) || below('ui')(path)
  const system = (to: string) => to === 'src/access/system.ts'
  expect(breaches(http, system, { types: true })).toEqual([])
  expect(waysTo((path) => below('http')(path) || below('ui')(path) || domain('views')(path), system)).toEqual(
    [],
  )
  // the positive twin: somebody does
  expect(breaches(domain('actions'), system)).not.toEqual([])
})

test('only the configuration reads the environment', () => {
  // the server's programs get theirs handed on, and look for themselves in PATH
  const may = ['src/config.ts', 'src/db/embedded/binaries.ts']
  const readers = sources.filter(({ text }) =>
    /process\s*\.\s*env|\benv\b[^\n]*from 'node:process'/.test(withoutComments(text)),
  )
  expect(readers.map(({ path }) => path)).toEqual(may)
})

test('no barrels, no drawers for odds and ends, no relative ways', () => {
  const named = /(^|\/)(utils?|helpers?|common|misc|services?)(\.|\/|$)/
  expect(sources.filter(({ path }) => named.test(path)).map(({ path }) => path)).toEqual([])
  const barrels = sources.filter(({ path, text }) => {
    const code = withoutComments(text)
      .split('\n')
      .filter((line) => line.trim())
    return (
      /\/index\.tsx?$/.test(path) || (code.length > 0 && code.every((line) => /^export .* from /.test(line)))
    )
  })
  expect(barrels.map(({ path }) => path)).toEqual([])
  const ways = [...sources, ...others].flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => `${path} → ${specifier}`),
  )
  expect(ways).toEqual([])
})

test('domains use each other without circles', () => {
  const nameOf = (path: string) => /^src\/domains\/([^/]+)\//.exec(path)?.[1]
  const uses = new Map<string, Set<string>>()
  for (const { path, imports } of sources) {
    const from = nameOf(path)
    for (const { specifier, typeOnly } of from ? imports : []) {
      const to = nameOf(target(path, specifier))
      if (from && to && to !== from && !typeOnly) uses.set(from, (uses.get(from) ?? new Set()).add(to))
    }
  }
  expect(uses.size).toBeGreaterThan(2)
  const circles = new Set<string>()
  const walk = (way: string[]) => {
    for (const next of uses.get(way.at(-1) as string) ?? []) {
      if (way.includes(next)) circles.add([...way.slice(way.indexOf(next)), next].join(' → '))
      else walk([...way, next])
    }
  }
  for (const name of uses.keys()) walk([name])
  expect([...circles]).toEqual([])
})

test('no markup that runs code from an attribute', () => {
  const banned =
    /\bhx-on\b|['"`={]\s*js:|javascript:|\sstyle=|'style'|dangerouslySetInnerHTML|hx-trigger['"]?\s*[:=][^\n]*\[|\bon[a-z]+=["'{]/
  const found = sources.flatMap(({ path, text }) =>
    withoutComments(text)
      .split('\n')
      .flatMap((line) => (banned.test(line) ? [`${path}: ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
  for (const evil of [
    '<a hx-on:click="x">',
    "'hx-vals': 'js:{a}'",
    '<p style="a">',
    "'hx-trigger': 'click[a]'",
    '<p onclick="x">',
  ]) {
    expect(evil).toMatch(banned)
  }
})
