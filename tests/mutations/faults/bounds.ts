import type { Mutation } from '#tests/mutations/mutation.ts'

/** What one person can pile up, or make others wait for. */
export const bounds: readonly Mutation[] = [
  {
    name: 'any number waits for a hash',
    file: 'src/platform/hashing.ts',
    find: 'new Semaphore(THREADS, MAX_WAITING)',
    replace: 'new Semaphore(THREADS)',
    tests: ['tests/platform/hashing.test.ts'],
  },
  {
    name: 'hashing stands beside the rest',
    file: 'src/platform/hashing-thread.mjs',
    find: "if (process.platform === 'linux')",
    replace: "if (process.platform === '')",
    tests: ['tests/platform/hashing.test.ts'],
  },
  {
    name: 'a process ends while it hashes',
    file: 'src/platform/hashing.ts',
    find: "const [answer] = await once(thread, 'message')",
    replace: "const heard = once(thread, 'message')\n    thread.unref()\n    const [answer] = await heard",
    tests: ['tests/platform/hashing.test.ts'],
  },
  {
    name: 'somebody has any number of keys',
    file: 'src/domains/accounts/api-keys/create-actions.ts',
    find: 'if (Number(count) >= MOST)',
    replace: 'if (Number(count) >= MOST * 1e6)',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'keys that are made at once are counted before',
    file: 'src/domains/accounts/api-keys/create-actions.ts',
    find: 'await lockFor(tx, `api keys of ${owner}`)',
    replace: '',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'somebody has any number of sessions',
    sql: 'end_oldest_sessions',
    find: 'offset 99',
    replace: 'offset 999999',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'of too many sessions the one ends that was seen last',
    sql: 'end_oldest_sessions',
    find: 'order by e.last_seen_at desc',
    replace: 'order by e.last_seen_at',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'an account has any number of known browsers',
    sql: 'open_session',
    find: 'limit 20)',
    replace: 'limit 2000)',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'somebody keeps any number of files',
    file: 'src/resource/import/store.ts',
    find: 'sql.lit(MAX_WAITING - 1)',
    replace: 'sql.lit(MOST - 1)',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'a file that is worked on makes way',
    file: 'src/resource/import/store.ts',
    find: 'delete from imports where not ${busy} and user_id',
    replace: 'delete from imports where user_id',
    tests: ['tests/access/bounds.test.ts'],
  },
  {
    name: 'any number of files is worked on at once',
    file: 'src/resource/import/store.ts',
    find: 'if (left.rows.length >= MOST)',
    replace: 'if (left.rows.length >= MOST * 1e6)',
    tests: ['tests/access/bounds.test.ts'],
  },
]
