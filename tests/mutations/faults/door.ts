import type { Mutation } from '#tests/mutations/mutation.ts'

/** The one door to the database. */
export const door: readonly Mutation[] = [
  {
    name: 'the organization stays entered on the connection',
    sql: 'enter',
    find: "set_config('app.org_id', org::text, true)",
    replace: "set_config('app.org_id', org::text, false)",
    tests: ['tests/tenancy/door.test.ts'],
  },
  {
    name: 'a statement that writes has no deadline',
    sql: 'enter',
    find: "set_config('statement_timeout', timeout_ms::text, true)",
    replace: "set_config('statement_timeout', '0', true)",
    tests: ['tests/tenancy/door.test.ts'],
  },
  {
    name: 'a statement that reads has no deadline',
    sql: 'enter_to_read',
    find: "set_config('statement_timeout', timeout_ms::text, true)",
    replace: "set_config('statement_timeout', '0', true)",
    tests: ['tests/tenancy/door.test.ts'],
  },
  {
    name: 'a broken connection is used again',
    file: 'src/db/database.ts',
    find: 'client.release(broken as Error | undefined)',
    replace: 'client.release()',
    tests: ['tests/tenancy/door.test.ts', 'tests/tenancy/faults.test.ts'],
  },
  {
    name: 'a commit that was answered by a rollback is a success',
    file: 'src/db/database.ts',
    find: "if (commit.command !== 'COMMIT') throw new CommitLost()",
    replace: '',
    tests: ['tests/tenancy/door.test.ts'],
  },
  {
    name: 'the handle of a transaction outlives it',
    file: 'src/db/database.ts',
    find: 'if (this.#ended) throw',
    replace: 'if (this.#ended && !this.#client) throw',
    tests: ['tests/tenancy/door.test.ts'],
  },
  {
    name: 'statements stack',
    file: 'src/db/wire.ts',
    find: "queryMode: 'extended',",
    replace: '',
    tests: ['tests/tenancy/injection.test.ts', 'tests/tenancy/injected-writes.test.ts'],
  },
  {
    name: 'a deadlock is an error for who lost',
    file: 'src/db/database.ts',
    find: "['40001', '40P01']",
    replace: "['40001']",
    tests: ['tests/tenancy/faults.test.ts'],
  },
  {
    name: 'a database that is away is an error of ours',
    file: 'src/http/errors.ts',
    find: 'error instanceof Unavailable ||',
    replace: '',
    tests: ['tests/tenancy/faults.test.ts'],
  },
]
