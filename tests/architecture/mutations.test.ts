import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { expect, test } from 'vitest'
import { root } from '#tests/architecture/graph.ts'
import { areas } from '#tests/mutations/faults.ts'
import { type Mutation, mutated, NotApplicable } from '#tests/mutations/mutation.ts'

const all = Object.values(areas).flat()

test('every fault of the mutation round still fits the code', () => {
  const outdated = all.flatMap((mutation) => {
    try {
      mutated(root, mutation)
      return []
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error
      return [`${mutation.name}: ${error.message}`]
    }
  })
  expect(outdated).toEqual([])
  expect(all.length).toBeGreaterThan(100)
})

test('with a fault, a file is still one that can be read', () => {
  const unreadable = all.flatMap((mutation) => {
    const { file, text } = mutated(root, mutation)
    if (file.endsWith('.sql')) return []
    try {
      transformSync(text, { loader: file.endsWith('x') ? 'tsx' : 'ts', logLevel: 'silent' })
      return []
    } catch (error) {
      return [`${mutation.name}: ${(error as Error).message}`]
    }
  })
  expect(unreadable).toEqual([])
})

test('each has a name of its own, and tests that are there', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  const named = new Set(all.flatMap(({ tests }) => tests))
  expect([...named].filter((file) => !existsSync(join(root, file)))).toEqual([])
  expect(all.filter(({ tests }) => !tests.length)).toEqual([])
})

test('one that the code has outgrown, or that stands in two places, is told', () => {
  const fault: Mutation = { name: '', file: 'package.json', find: '"private": true', replace: '', tests: [] }
  expect(mutated(root, fault)).toMatchObject({ file: 'package.json' })
  expect(() => mutated(root, { ...fault, find: '"private": perhaps' })).toThrow(NotApplicable)
  expect(() => mutated(root, { ...fault, find: 'node bin/boot.mjs' })).toThrow(NotApplicable)
})

test('a function of the database is mutated in its file', () => {
  const fault: Mutation = { name: '', sql: 'session_actor', find: "'elsewhere', ", replace: '', tests: [] }
  expect(mutated(root, fault).file).toBe('src/db/functions/access/session_actor.sql')
  // what another function has is none of it
  expect(() => mutated(root, { ...fault, find: 'pg_notify' })).toThrow(NotApplicable)
  expect(() => mutated(root, { ...fault, sql: 'no_such_function' })).toThrow(NotApplicable)
})
