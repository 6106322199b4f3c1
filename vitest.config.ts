import { defineConfig } from 'vitest/config'

const oxc = { jsx: { runtime: 'automatic', importSource: 'hono/jsx' } } as const
const testTimeout = process.env.AMBIT_LONG ? 1_800_000 : 60_000
const program = { pool: 'threads', isolate: false, testTimeout, hookTimeout: 60_000 } as const
const ownModels = [
  'tests/{resource,vendors,depots}/**/*.test.{ts,tsx}',
  'tests/access/{reference,monotone}.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: './tests/setup/global.ts',
    maxWorkers: 2,
    reporters: ['default', './tests/reporter.ts'],
    projects: [
      {
        oxc,
        test: {
          ...program,
          name: 'program',
          include: ['tests/**/*.test.{ts,tsx}', 'src/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', ...ownModels],
        },
      },
      // these declare models, which the others don't know: each file has a worker and a database of its own
      { oxc, test: { ...program, name: 'kernel', include: ownModels, isolate: true } },
    ],
  },
})
