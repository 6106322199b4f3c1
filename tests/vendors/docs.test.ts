import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '#src/config.ts'

const read = (path: string) => readFile(join(root, path), 'utf8')

/** A file as it would be where entities are, its imports in order again. */
const moved = (text: string) => {
  const lines = text.replaceAll('#tests/vendors/', '#src/domains/purchasing/vendors/').trim().split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  return [...imports.sort((a, b) => from(a).localeCompare(from(b))), ...lines.slice(imports.length)].join(
    '\n',
  )
}
const from = (line: string) => /'([^']+)'/.exec(line)?.[1] ?? ''
const flat = (text: string) => text.trim().replace(/^ +/gm, '')

const page = await read('docs/new-entity.md')
const blocks = [...page.matchAll(/^```tsx? (part of )?(\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, part, path = '', code = '']) => ({ part: part !== undefined, path, code }),
)

test.each(blocks)('the page about new entities shows $path as it is', async ({ part, path, code }) => {
  const file = await read(path)
  if (part) expect(flat(file)).toContain(flat(code))
  else expect(code.trim()).toBe(moved(file))
})

test('all three files are on it, and every block of code says where it is from', () => {
  const whole = blocks.filter(({ part }) => !part).map(({ path }) => path)
  expect(whole.sort()).toEqual(['migration', 'model', 'routes'].map((name) => `tests/vendors/${name}.ts`))
  expect(page.match(/^```/gm)).toHaveLength(blocks.length * 2)
})

test('it counts their lines', async () => {
  const texts = await Promise.all(blocks.filter(({ part }) => !part).map(({ path }) => read(path)))
  const lines = texts.reduce((sum, text) => sum + text.trimEnd().split('\n').length, 0)
  expect(page).toContain(`: ${lines} lines for list`)
})
