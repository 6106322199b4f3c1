import { expect, test } from 'vitest'
import { read } from '#tests/architecture/graph.ts'

/** A value that is given to a function of the database where it stands among the arguments. */
const BY_POSITION = /\bapp\.[a-z_]+\([^)]*\$\{[^}]*\}/g

test('functions of the database get values by name, never by position', () => {
  const sources = read('src', 'seeds', 'bin').filter(({ path }) => !path.includes('.test.'))
  const found = sources.flatMap(({ path, text }) =>
    [...text.matchAll(BY_POSITION)].map(([call]) => `${path}: ${call}`),
  )
  // the other `app` is that of the web framework
  expect(found.filter((call) => !call.startsWith('src/http/mount.ts: app.options('))).toEqual([])
  expect(found).toHaveLength(1)
})
