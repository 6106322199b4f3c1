import type { Mutation } from '#tests/mutations/mutation.ts'

/** What lies beneath a record, and whose it is by that. */
export const parents: readonly Mutation[] = [
  {
    name: 'a record is made under a parent out of reach',
    file: 'src/access/grant.ts',
    find: 'if (this.all || !isPlacement(model, column)) return sql<SqlBool>`true`',
    replace: 'return sql<SqlBool>`true`',
    tests: ['tests/depots/beneath.test.ts'],
  },
  {
    name: 'somebody is told of a parent that they do not see',
    file: 'src/resource/record/placement.ts',
    find: 'sql`${outside} and not ${there(seen)}`',
    replace: 'sql`${outside} and false`',
    tests: ['tests/depots/beneath.test.ts'],
  },
  {
    name: 'a record is made under a deleted parent',
    file: 'src/resource/record/placement.ts',
    find: "when(there(gone), 'deleted'),",
    replace: '',
    tests: ['tests/depots/beneath.test.ts'],
  },
  {
    name: 'a record comes back to a deleted parent',
    file: 'src/resource/record/write.ts',
    find: 'isRestored ? [...parentsOf(resource.model).keys()] : Object.keys(values)',
    replace: 'Object.keys(values)',
    tests: ['tests/depots/beneath.test.ts'],
  },
  {
    name: 'a row beneath is anybody’s whose parent has a group',
    file: 'src/access/grant.ts',
    find: '= ${sql.ref(`${table}.${by}`)} and ${condition} offset 0)',
    replace: '= ${sql.ref(`${table}.${by}`)} offset 0)',
    tests: ['tests/depots/beneath.test.ts'],
  },
  {
    name: 'a file brings records under a parent out of reach',
    file: 'src/resource/import/records.ts',
    find: ' is not true or (${this.#misplaced}) is not null',
    replace: ' is not true',
    tests: ['tests/depots/beneath.test.ts'],
  },
]
